//! Who is told of what: an alert's condition comes in, a route goes out. The first that fits counts.

use jiff::SignedDuration;
use model::Status;
use model::alert::{Condition, Pattern};

/// Alerts that fit are told to these channels, in this way.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Route {
    /// What it is for; without one, for everything.
    pub pattern: Option<Pattern>,
    /// Who is told.
    pub channels: Vec<Box<str>>,
    /// How often it is told again while nobody answers; `None` for never.
    pub repeat: Option<SignedDuration>,
    /// Who is told besides when nobody answered, and after how long.
    pub escalation: Option<(SignedDuration, Vec<Box<str>>)>,
}

/// All routes, in their order, and channels for what no route says.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Routes {
    /// The routes.
    pub routes: Vec<Route>,
    /// Every channel.
    pub channels: Vec<Box<str>>,
    /// Where a person reads on.
    pub page: Option<String>,
}

/// How often what is more than a warning is told again, where no route says it.
pub const REPEAT: SignedDuration = SignedDuration::from_hours(24);

impl Routes {
    /// How a condition is told. What no route is for is told to every channel; a warning once, all else daily.
    ///
    /// Trouble of a channel is not told to itself.
    pub fn of(&self, condition: &Condition) -> Route {
        let fitting = self.routes.iter().find(|route| {
            route
                .pattern
                .as_ref()
                .is_none_or(|pattern| pattern.touches(condition))
        });
        let mut route = fitting.cloned().unwrap_or_else(|| Route {
            pattern: None,
            channels: self.channels.clone(),
            repeat: (condition.severity > Status::Warning).then_some(REPEAT),
            escalation: None,
        });
        if let Some(failing) = condition.cause.strip_prefix(FAILING) {
            // Whatever a route says, somebody must hear that nothing is heard there.
            route.channels.retain(|channel| **channel != *failing);
            if route.channels.is_empty() {
                let others = self.channels.iter().filter(|channel| ***channel != *failing);
                route.channels = others.cloned().collect();
            }
        }
        route
    }
}

/// What the cause of a failing channel begins with; its name follows.
pub const FAILING: &str = "channel-failing|";

#[cfg(test)]
mod tests {
    use jiff::Timestamp;
    use model::Untrusted;

    use super::*;

    fn condition(cause: &str, severity: Status) -> Condition {
        Condition {
            cause: cause.into(),
            rule: cause.split('|').next().unwrap().into(),
            severity,
            title: Untrusted::default(),
            remedy: Untrusted::default(),
            reach: 1,
            examples: Vec::new(),
            names: ["shop.example".into()].into(),
            since: Timestamp::UNIX_EPOCH,
        }
    }

    fn routes(patterns: &[(&str, &str)]) -> Routes {
        let route = |(pattern, channel): &(&str, &str)| Route {
            pattern: (!pattern.is_empty()).then(|| Pattern::parse(pattern).unwrap()),
            channels: vec![(*channel).into()],
            repeat: None,
            escalation: None,
        };
        Routes {
            routes: patterns.iter().map(route).collect(),
            channels: vec!["mail".into(), "ops".into()],
            page: None,
        }
    }

    #[test]
    fn the_first_route_that_fits_counts() {
        let routes = routes(&[("name:shop.example least:critical", "ops"), ("", "mail")]);
        assert_eq!(
            *routes.of(&condition("expired|1", Status::Critical)).channels,
            ["ops".into()]
        );
        assert_eq!(
            *routes.of(&condition("expired|1", Status::Warning)).channels,
            ["mail".into()]
        );
    }

    #[test]
    fn without_a_route_everybody_hears_and_trouble_is_repeated() {
        let routes = routes(&[("rule:other", "ops")]);
        let told = routes.of(&condition("expired|1", Status::Error));
        assert_eq!((told.channels.len(), told.repeat), (2, Some(REPEAT)));
        assert_eq!(routes.of(&condition("expiring|1", Status::Warning)).repeat, None);
    }

    #[test]
    fn trouble_of_a_channel_is_told_elsewhere() {
        let everything_to_mail = routes(&[("", "mail")]);
        let told = everything_to_mail.of(&condition("channel-failing|mail", Status::Critical));
        assert_eq!(*told.channels, ["ops".into()]);
        let told = everything_to_mail.of(&condition("channel-failing|ops", Status::Critical));
        assert_eq!(*told.channels, ["mail".into()]);
    }
}
