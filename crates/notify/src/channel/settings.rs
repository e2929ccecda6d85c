//! `[channel.NAME]`: what a person configures, and the channel that follows from it.
//!
//! ```toml
//! [channel.mail]
//! kind = "email"
//! server = "smtp://mail.example.com:587"
//! from = "nolapse@example.com"
//! to = ["ops@example.com"]
//! user = "nolapse"
//! password = "file:mail.password"
//!
//! [channel.ops]
//! kind = "slack"
//! url = "env:SLACK_URL"
//! ```

use std::path::PathBuf;

use model::limits;
use model::pem::Content;
use net::api::OwnTls;
use serde::Deserialize;

use super::address::{Address, Readable};
use super::{Kind, alertmanager, email, exec, ntfy, pagerduty, syslog, webhook};
use crate::secret::Secret;
use crate::signature::SigningKey;

/// What a setting names: a file or a variable where the text is, or the text itself.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(from = "String")]
pub enum Given {
    /// `file:PATH`: the first line of a file.
    File(PathBuf),
    /// `env:NAME`: a variable of the environment.
    Variable(String),
    /// The text itself.
    Text(String),
}

impl From<String> for Given {
    fn from(text: String) -> Self {
        match text.split_once(':') {
            Some(("file", path)) => Self::File(path.into()),
            Some(("env", name)) => Self::Variable(name.to_owned()),
            _ => Self::Text(text),
        }
    }
}

/// Reads what is named: the first line where a secret is wanted, the whole text of other files.
pub type Read<'a> = &'a dyn Fn(&Given, Want) -> Result<Secret, String>;

/// What is read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Want {
    /// The first line.
    Line,
    /// All of it.
    Whole,
}

/// Why settings are no channel: which one, and what is wrong with it. Never shows a secret.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{setting}: {reason}")]
pub struct Wrong {
    /// Which setting.
    pub setting: &'static str,
    /// What is wrong.
    pub reason: String,
}

/// What a person configures, by kind.
#[derive(Clone, Debug, Deserialize)]
#[serde(tag = "kind", rename_all = "lowercase")]
pub enum Settings {
    /// Mail by SMTP.
    Email(EmailSettings),
    /// Any receiver of JSON.
    Webhook(WebhookSettings),
    /// An incoming webhook of Slack, or of what understands the same (Mattermost).
    Slack(UrlSettings),
    /// A workflow of Teams that posts cards.
    Teams(UrlSettings),
    /// A webhook of Discord.
    Discord(UrlSettings),
    /// PagerDuty, or what understands Events API v2.
    Pagerduty(PagerdutySettings),
    /// ntfy.
    Ntfy(NtfySettings),
    /// Alertmanager, API v2.
    Alertmanager(AlertmanagerSettings),
    /// A collector of logs.
    Syslog(SyslogSettings),
    /// A program on this machine.
    Exec(ExecSettings),
}

/// Kinds, in the words of the configuration.
pub const KINDS: [&str; 10] = [
    "email",
    "webhook",
    "slack",
    "teams",
    "discord",
    "pagerduty",
    "ntfy",
    "alertmanager",
    "syslog",
    "exec",
];

/// An URL that is a secret.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct UrlSettings {
    url: Given,
}

/// Of mail.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct EmailSettings {
    server: String,
    from: String,
    to: Vec<String>,
    user: Option<String>,
    password: Option<Given>,
    authorities: Option<Given>,
    certified: Option<String>,
}

/// Of a webhook.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct WebhookSettings {
    url: Given,
    #[serde(default)]
    keys: Vec<Given>,
    token: Option<Given>,
    template: Option<Given>,
    content: Option<String>,
    #[serde(default)]
    readable: bool,
    authorities: Option<Given>,
}

/// Of PagerDuty.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PagerdutySettings {
    key: Given,
    url: Option<String>,
}

/// Of ntfy.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct NtfySettings {
    url: Option<String>,
    topic: Given,
    token: Option<Given>,
    #[serde(default)]
    readable: bool,
}

/// Of Alertmanager.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct AlertmanagerSettings {
    url: String,
    token: Option<Given>,
    #[serde(default)]
    readable: bool,
    authorities: Option<Given>,
}

/// Of syslog.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SyslogSettings {
    server: String,
    authorities: Option<Given>,
}

/// Of a program.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ExecSettings {
    command: Vec<String>,
}

impl Settings {
    /// What kind it is, in a word of the configuration.
    pub const fn word(&self) -> &'static str {
        match self {
            Self::Email(_) => "email",
            Self::Webhook(_) => "webhook",
            Self::Slack(_) => "slack",
            Self::Teams(_) => "teams",
            Self::Discord(_) => "discord",
            Self::Pagerduty(_) => "pagerduty",
            Self::Ntfy(_) => "ntfy",
            Self::Alertmanager(_) => "alertmanager",
            Self::Syslog(_) => "syslog",
            Self::Exec(_) => "exec",
        }
    }

    /// Files that are named, so that they can be found from where the configuration stands.
    pub fn files(&mut self) -> impl Iterator<Item = &mut PathBuf> {
        let given: Vec<&mut Given> = match self {
            Self::Email(mail) => mail.password.iter_mut().chain(&mut mail.authorities).collect(),
            Self::Webhook(hook) => {
                let keys = hook.keys.iter_mut().chain([&mut hook.url]);
                keys.chain(&mut hook.token)
                    .chain(&mut hook.template)
                    .chain(&mut hook.authorities)
                    .collect()
            }
            Self::Slack(one) | Self::Teams(one) | Self::Discord(one) => vec![&mut one.url],
            Self::Pagerduty(duty) => vec![&mut duty.key],
            Self::Ntfy(ntfy) => [&mut ntfy.topic].into_iter().chain(&mut ntfy.token).collect(),
            Self::Alertmanager(manager) => manager.token.iter_mut().chain(&mut manager.authorities).collect(),
            Self::Syslog(syslog) => syslog.authorities.iter_mut().collect(),
            Self::Exec(_) => Vec::new(),
        };
        given.into_iter().filter_map(|given| match given {
            Given::File(path) => Some(path),
            Given::Variable(_) | Given::Text(_) => None,
        })
    }

    pub(super) fn kind(&self, read: Read<'_>) -> Result<Kind, Wrong> {
        let reading = Reading(read);
        Ok(match self {
            Self::Email(settings) => Kind::Email(settings.email(&reading)?),
            Self::Webhook(settings) => Kind::Webhook(Box::new(settings.webhook(&reading)?)),
            Self::Slack(settings) => Kind::Slack(settings.address(&reading)?),
            Self::Teams(settings) => Kind::Teams(settings.address(&reading)?),
            Self::Discord(settings) => Kind::Discord(settings.address(&reading)?),
            Self::Pagerduty(settings) => Kind::Pagerduty(pagerduty::Pagerduty {
                key: reading.secret("key", &settings.key)?,
                address: address(
                    settings.url.as_deref().unwrap_or(pagerduty::URL),
                    "/v2/enqueue",
                    Readable::Refused,
                    &OwnTls::default(),
                )?,
            }),
            Self::Ntfy(settings) => {
                let url = settings.url.as_deref().unwrap_or(ntfy::URL);
                Kind::Ntfy(ntfy::Ntfy {
                    address: address(url, "", readable(settings.readable), &OwnTls::default())?,
                    topic: reading.text("topic", &settings.topic)?,
                    token: reading.maybe("token", settings.token.as_ref())?,
                })
            }
            Self::Alertmanager(settings) => {
                let own = reading.own_tls(settings.authorities.as_ref())?;
                Kind::Alertmanager(alertmanager::Alertmanager {
                    address: address(&settings.url, "/api/v2/alerts", readable(settings.readable), &own)?,
                    token: reading.maybe("token", settings.token.as_ref())?,
                })
            }
            Self::Syslog(settings) => {
                let own = reading.own_tls(settings.authorities.as_ref())?;
                let syslog = syslog::Syslog::new(&settings.server, &own);
                Kind::Syslog(syslog.map_err(|reason| wrong("server", reason))?)
            }
            Self::Exec(settings) => match settings.command.split_first() {
                Some((program, arguments)) if !program.is_empty() => Kind::Exec(exec::Exec {
                    program: program.clone(),
                    arguments: arguments.to_vec(),
                }),
                _ => {
                    return Err(wrong(
                        "command",
                        "expected a program and its arguments, such as [\"/usr/local/bin/tell\"]",
                    ));
                }
            },
        })
    }
}

impl UrlSettings {
    fn address(&self, reading: &Reading<'_>) -> Result<Address, Wrong> {
        let url = reading.secret("url", &self.url)?;
        address(url.expose(), "", Readable::Refused, &OwnTls::default())
    }
}

impl WebhookSettings {
    fn webhook(&self, reading: &Reading<'_>) -> Result<webhook::Webhook, Wrong> {
        let own = reading.own_tls(self.authorities.as_ref())?;
        let url = reading.text("url", &self.url)?;
        let keys = self.keys.iter().map(|key| {
            SigningKey::read(&reading.secret("keys", key)?).map_err(|reason| wrong("keys", reason))
        });
        let template = match &self.template {
            None => None,
            Some(given) => {
                let text = (reading.0)(given, Want::Whole).map_err(|reason| wrong("template", reason))?;
                Some(webhook::Template::parse(text.expose()).map_err(|reason| wrong("template", reason))?)
            }
        };
        let content = self
            .content
            .clone()
            .unwrap_or_else(|| "application/json".to_owned());
        if !content.bytes().all(|byte| (b' '..=b'~').contains(&byte)) {
            return Err(wrong("content", "expected a media type, such as \"text/plain\""));
        }
        Ok(webhook::Webhook {
            address: address(url.expose(), "", readable(self.readable), &own)?,
            keys: keys.collect::<Result<_, Wrong>>()?,
            token: reading.maybe("token", self.token.as_ref())?,
            template,
            content,
        })
    }
}

impl EmailSettings {
    fn email(&self, reading: &Reading<'_>) -> Result<email::Email, Wrong> {
        let own = OwnTls {
            certified: self.certified.clone(),
            ..reading.own_tls(self.authorities.as_ref())?
        };
        let (origin, begin) = email::server(&self.server, &own).map_err(|reason| wrong("server", reason))?;
        let from = email::mailbox(&self.from).map_err(|reason| wrong("from", reason))?;
        let to: Result<Vec<String>, String> = self.to.iter().map(|to| email::mailbox(to)).collect();
        let to = to.map_err(|reason| wrong("to", reason))?;
        if to.is_empty() || to.len() > email::RECIPIENTS {
            return Err(wrong(
                "to",
                format!("expected 1 to {} addresses", email::RECIPIENTS),
            ));
        }
        let password = reading.maybe("password", self.password.as_ref())?;
        let login = match (&self.user, password) {
            (None, None) => None,
            (Some(user), Some(password)) => Some((user.clone(), password)),
            _ => return Err(wrong("password", "user and password belong together")),
        };
        Ok(email::Email {
            origin,
            begin,
            from,
            to,
            login,
        })
    }
}

struct Reading<'a>(Read<'a>);

impl Reading<'_> {
    /// A text that must not stand in the configuration.
    fn secret(&self, setting: &'static str, given: &Given) -> Result<Secret, Wrong> {
        match given {
            Given::Text(_) => Err(wrong(
                setting,
                "a secret does not stand in the configuration: write \"file:PATH\" or \"env:NAME\"",
            )),
            Given::File(_) | Given::Variable(_) => {
                (self.0)(given, Want::Line).map_err(|reason| wrong(setting, reason))
            }
        }
    }

    /// A text that may be a secret.
    fn text(&self, setting: &'static str, given: &Given) -> Result<Secret, Wrong> {
        match given {
            Given::Text(text) => Ok(Secret::new(text.as_str())),
            Given::File(_) | Given::Variable(_) => self.secret(setting, given),
        }
    }

    fn maybe(&self, setting: &'static str, given: Option<&Given>) -> Result<Option<Secret>, Wrong> {
        given.map(|given| self.secret(setting, given)).transpose()
    }

    fn own_tls(&self, authorities: Option<&Given>) -> Result<OwnTls, Wrong> {
        let Some(given) = authorities else {
            return Ok(OwnTls::default());
        };
        let text = (self.0)(given, Want::Whole).map_err(|reason| wrong("authorities", reason))?;
        let blocks = model::pem::blocks(text.expose().as_bytes());
        let certificates = blocks.filter_map(|block| {
            let block = block.ok().filter(|block| block.label.raw() == "CERTIFICATE")?;
            match block.content {
                Content::Der(der) => Some(der),
                Content::PrivateKey => None,
            }
        });
        let found: Vec<Vec<u8>> = certificates.take(limits::BUNDLE_ITEMS).collect();
        if found.is_empty() {
            return Err(wrong(
                "authorities",
                "there is no certificate in PEM in that file",
            ));
        }
        Ok(OwnTls {
            authorities: found,
            ..OwnTls::default()
        })
    }
}

pub(crate) fn address(url: &str, path: &str, readable: Readable, own: &OwnTls) -> Result<Address, Wrong> {
    // The error would show an URL that may be a secret.
    Address::parse(url, path, readable, own).map_err(|error| {
        let reason = match error {
            net::api::ApiError::Readable(_) => {
                "it is not https: what is told would cross the network readable; `readable = true` allows it where it is known"
            }
            net::api::ApiError::Tls(_) => "the authorities cannot be used",
            _ => "it is no URL: expected https://NAME/PATH",
        };
        wrong("url", reason)
    })
}

const fn readable(allowed: bool) -> Readable {
    if allowed {
        Readable::Allowed
    } else {
        Readable::Refused
    }
}

fn wrong(setting: &'static str, reason: impl Into<String>) -> Wrong {
    Wrong {
        setting,
        reason: reason.into(),
    }
}
