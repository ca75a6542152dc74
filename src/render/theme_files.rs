//! The files of the built-in theme, in order of name; a test keeps the lists true.

/// Templates by name.
pub(super) const TEMPLATES: &[(&str, &str)] = &[
    (
        "404.html",
        include_str!("../../themes/default/templates/404.html"),
    ),
    (
        "base.html",
        include_str!("../../themes/default/templates/base.html"),
    ),
    (
        "exhibit.html",
        include_str!("../../themes/default/templates/exhibit.html"),
    ),
    (
        "guide.html",
        include_str!("../../themes/default/templates/guide.html"),
    ),
    (
        "home.html",
        include_str!("../../themes/default/templates/home.html"),
    ),
    (
        "macros.html",
        include_str!("../../themes/default/templates/macros.html"),
    ),
    (
        "page.html",
        include_str!("../../themes/default/templates/page.html"),
    ),
    (
        "practice.html",
        include_str!("../../themes/default/templates/practice.html"),
    ),
    (
        "questions.html",
        include_str!("../../themes/default/templates/questions.html"),
    ),
    (
        "redirect.html",
        include_str!("../../themes/default/templates/redirect.html"),
    ),
];

/// Assets by name below `assets/`.
pub(super) const ASSETS: &[(&str, &[u8])] = &[
    ("app.js", include_bytes!("../../themes/default/assets/app.js")),
    (
        "fonts/OFL.txt",
        include_bytes!("../../themes/default/assets/fonts/OFL.txt"),
    ),
    (
        "fonts/README.md",
        include_bytes!("../../themes/default/assets/fonts/README.md"),
    ),
    (
        "fonts/mono.woff2",
        include_bytes!("../../themes/default/assets/fonts/mono.woff2"),
    ),
    (
        "fonts/sans-latin1.woff2",
        include_bytes!("../../themes/default/assets/fonts/sans-latin1.woff2"),
    ),
    (
        "fonts/sans.woff2",
        include_bytes!("../../themes/default/assets/fonts/sans.woff2"),
    ),
    ("icon.svg", include_bytes!("../../themes/default/assets/icon.svg")),
    (
        "search.js",
        include_bytes!("../../themes/default/assets/search.js"),
    ),
    (
        "style.css",
        include_bytes!("../../themes/default/assets/style.css"),
    ),
    (
        "theme-init.js",
        include_bytes!("../../themes/default/assets/theme-init.js"),
    ),
];
