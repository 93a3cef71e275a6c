//! Cloud Storage, as far as journals need it: its XML API, with writes that depend on an object's generation.
//! <https://cloud.google.com/storage/docs/xml-api/reference-headers#xgoogifgenerationmatch>

use std::collections::BTreeSet;

use crate::answer::{Answer, Refusal};
use crate::served::Served;
use crate::xml::Xml;

impl Served {
    /// `path` is `BUCKET/OBJECT`, or `BUCKET` to list. `wanted` is the generation that the object must have; 0 if there must be none.
    pub(crate) fn storage(
        &mut self,
        verb: &str,
        path: &str,
        query: &str,
        wanted: Option<u64>,
        body: &[u8],
    ) -> Result<Answer, Refusal> {
        // Names have their slashes encoded.
        let path = &decoded(path);
        let missing = || Refusal::new(404, "NoSuchKey", format!("there is no {path}"));
        match (verb, path.split_once('/')) {
            ("GET", None | Some((_, ""))) => Ok(self.list(path.trim_end_matches('/'), query)),
            ("GET", Some(_)) => {
                let (generation, body) = self.objects.get(path).ok_or_else(missing)?;
                Ok(Answer { body: body.clone(), generation: Some(*generation), ..Answer::text("") })
            }
            ("PUT", Some(_)) => {
                let generation = self.objects.get(path).map_or(0, |(generation, _)| *generation);
                if wanted.is_some_and(|wanted| wanted != generation) {
                    return Err(Refusal::new(412, "PreconditionFailed", "the generation is another one"));
                }
                self.generation += 1;
                self.objects.insert(path.clone(), (self.generation, body.to_vec()));
                Ok(Answer { generation: Some(self.generation), ..Answer::text("") })
            }
            _ => Err(Refusal::new(400, "InvalidRequest", format!("{verb} {path} is not simulated"))),
        }
    }

    fn list(&self, bucket: &str, query: &str) -> Answer {
        let parameter = |name: &str| {
            let found = form_urlencoded::parse(query.as_bytes()).find(|(key, _)| key == name);
            found.map(|(_, value)| value.into_owned()).unwrap_or_default()
        };
        let (prefix, delimiter) = (parameter("prefix"), parameter("delimiter"));
        let names = self.objects.keys().filter_map(|path| path.strip_prefix(&format!("{bucket}/")));
        let (mut prefixes, mut contents) = (BTreeSet::new(), Vec::new());
        for name in names.filter(|name| name.starts_with(&prefix)) {
            let rest = &name[prefix.len()..];
            match rest.split_once(&delimiter).filter(|_| !delimiter.is_empty()) {
                Some((directory, _)) => drop(prefixes.insert(format!("{prefix}{directory}{delimiter}"))),
                None => contents.push(name.to_owned()),
            }
        }
        let mut children =
            vec![Xml::text("Name", bucket), Xml::text("Prefix", &prefix), Xml::text("IsTruncated", false)];
        children.extend(prefixes.into_iter().map(|prefix| Xml::node("CommonPrefixes", [Xml::text("Prefix", prefix)])));
        children.extend(contents.into_iter().map(|name| {
            let (generation, body) = &self.objects[&format!("{bucket}/{name}")];
            let modified = Xml::text("LastModified", "2026-11-02T01:00:00.000Z");
            let fields = [Xml::text("Size", body.len()), Xml::text("ETag", format!("\"{generation}\"")), modified];
            Xml::node("Contents", [Xml::text("Key", name)].into_iter().chain(fields))
        }));
        let body = Xml::node("ListBucketResult", children).into_string();
        Answer { content: "application/xml", body: body.into_bytes(), ..Answer::text("") }
    }
}

/// A path without percents.
fn decoded(path: &str) -> String {
    let query = format!("path={}", path.replace('+', "%2B"));
    form_urlencoded::parse(query.as_bytes()).map(|(_, value)| value.into_owned()).collect()
}
