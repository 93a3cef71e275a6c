//! "Did you mean": the nearest known name.

/// A hint with the known name that is nearest to what was written, if one is near.
pub fn suggest<'a>(written: &str, known: impl IntoIterator<Item = &'a str>) -> Option<String> {
    nearest(written, known).map(|name| format!("did you mean `{name}`?"))
}

/// A hint with the nearest name, or with all names if there are few.
pub fn suggest_or_list<'a>(written: &str, known: impl IntoIterator<Item = &'a str>) -> Option<String> {
    const MOST: usize = 12;
    let known: Vec<&str> = known.into_iter().collect();
    suggest(written, known.iter().copied()).or_else(|| {
        (1..=MOST).contains(&known.len()).then(|| {
            let names: Vec<String> = known.iter().map(|name| format!("`{name}`")).collect();
            format!("known names are {}", names.join(", "))
        })
    })
}

/// The nearest name, at a distance of at most a third of the longer name.
pub fn nearest<'a>(written: &str, known: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    known
        .into_iter()
        .map(|name| (strsim::damerau_levenshtein(written, name), name))
        .filter(|(distance, name)| *distance <= (name.len().max(written.len()) / 3).max(1))
        .min()
        .map(|(_, name)| name)
}
