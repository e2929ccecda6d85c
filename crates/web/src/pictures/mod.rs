//! Pictures as SVG that stands within a page: x in percent and y in pixels, so that words keep their size at every width;
//! colours by class; a title that says the point.

pub(crate) mod bipartite;
pub(crate) mod planner;
pub(crate) mod timeline;
