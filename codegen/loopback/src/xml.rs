//! XML as AWS answers it: elements with text or with elements.

/// An element, rendered.
pub(crate) struct Xml(String);

impl Xml {
    /// An element with text.
    pub(crate) fn text(name: &str, value: impl std::fmt::Display) -> Self {
        Self(format!("<{name}>{}</{name}>", escaped(&value.to_string())))
    }

    /// An element with elements.
    pub(crate) fn node(name: &str, children: impl IntoIterator<Item = Self>) -> Self {
        let children: String = children.into_iter().map(|child| child.0).collect();
        Self(format!("<{name}>{children}</{name}>"))
    }

    /// A list: an element for each item.
    pub(crate) fn list(name: &str, item: &str, items: impl IntoIterator<Item = Vec<Self>>) -> Self {
        Self::node(name, items.into_iter().map(|children| Self::node(item, children)))
    }

    /// A list of texts.
    pub(crate) fn texts<T: std::fmt::Display>(name: &str, item: &str, items: impl IntoIterator<Item = T>) -> Self {
        Self::node(name, items.into_iter().map(|text| Self::text(item, text)))
    }

    pub(crate) fn into_string(self) -> String {
        self.0
    }
}

fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;")
}
