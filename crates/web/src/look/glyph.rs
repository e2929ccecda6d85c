//! Small shapes that stand beside words, drawn once a page and used by name.

use maud::{Markup, PreEscaped, html};

/// A shape.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Glyph {
    Ok,
    Warning,
    Critical,
    Expired,
    Error,
    Wire,
    Account,
    File,
    Zone,
    Look,
}

impl Glyph {
    const fn id(self) -> &'static str {
        match self {
            Self::Ok => "ok",
            Self::Warning => "warn",
            Self::Critical => "crit",
            Self::Expired => "exp",
            Self::Error => "err",
            Self::Wire => "wire",
            Self::Account => "ca",
            Self::File => "file",
            Self::Zone => "zone",
            Self::Look => "look",
        }
    }

    /// The shape, in the colour of the words around it.
    pub(crate) fn markup(self) -> Markup {
        self.coloured("")
    }

    /// The shape with a colour of its own.
    pub(crate) fn coloured(self, class: &str) -> Markup {
        html! { svg class={ "g " (class) } aria-hidden="true" { use href={ "#i-" (self.id()) } {} } }
    }
}

/// All shapes, for the top of a page.
pub(crate) fn sprite() -> Markup {
    PreEscaped(SPRITE.to_owned())
}

const SPRITE: &str = concat!(
    "<svg class=sprite width=0 height=0 aria-hidden=true><defs><pattern id=hatch width=5 height=5 ",
    "patternUnits=userSpaceOnUse patternTransform=rotate(45)><path d=M0,0v5 stroke=currentColor ",
    "stroke-width=1.6 /></pattern></defs>",
    "<symbol id=i-ok viewBox='0 0 12 12'><path d='M2 6.5 5 9.3 10 3' fill=none stroke=currentColor stroke-width=1.7 /></symbol>",
    "<symbol id=i-warn viewBox='0 0 12 12'><path d='M6 1 11.6 11H.4Z' fill=currentColor /><path d='M6 4.5v3m0 1v1.2' ",
    "stroke='var(--cut,var(--paper))' stroke-width=1.5 /></symbol>",
    "<symbol id=i-crit viewBox='0 0 12 12'><path d='M6 0 12 6 6 12 0 6Z' fill=currentColor /><path d='M6 2.8v4m0 1.1v1.4' ",
    "stroke='var(--cut,var(--paper))' stroke-width=1.5 /></symbol>",
    "<symbol id=i-exp viewBox='0 0 12 12'><path d='M.7.7h10.6v10.6H.7Z' fill=currentColor /><path d='m3.5 3.5 5 5m0-5-5 5' ",
    "stroke='var(--cut,var(--paper))' stroke-width=1.6 /></symbol>",
    "<symbol id=i-err viewBox='0 0 12 12'><circle cx=6 cy=6 r=5 fill=none stroke=currentColor stroke-width=1.5 ",
    "stroke-dasharray='2 1.1' /><path d='M4 6h4' stroke=currentColor stroke-width=1.5 /></symbol>",
    "<symbol id=i-wire viewBox='0 0 12 12'><path d='M.5 6.5h2.6L4.8 2.6 7 9.8l1.7-3.3h2.8' fill=none stroke=currentColor ",
    "stroke-width=1.2 /></symbol>",
    "<symbol id=i-ca viewBox='0 0 12 12'><circle cx=6 cy=4.3 r=3.4 fill=none stroke=currentColor stroke-width=1.2 /><path ",
    "d='M4 7.3v4l2-1.2 2 1.2v-4' fill=none stroke=currentColor stroke-width=1.2 /></symbol>",
    "<symbol id=i-file viewBox='0 0 12 12'><path d='M2 1h5l3 3v7H2Zm5 0v3h3' fill=none stroke=currentColor ",
    "stroke-width=1.2 /></symbol>",
    "<symbol id=i-zone viewBox='0 0 12 12'><path d='M3.5 3v6.5H8M3.5 5.5H8' fill=none stroke=currentColor stroke-width=1.2 ",
    "/><path d='M2 .8h3v2.7H2Zm6 3.3h3v2.7H8Zm0 4.1h3v2.7H8Z' fill=currentColor /></symbol>",
    "<symbol id=i-look viewBox='0 0 12 12'><circle cx=5 cy=5 r=3.7 fill=none stroke=currentColor stroke-width=1.4 /><path ",
    "d='m7.8 7.8 3.4 3.4' stroke=currentColor stroke-width=1.4 /></symbol>",
    "</svg>",
);
