//! The words of a directive: bare, or quoted as in JSON.

/// The word as it stands in a listing: bare if it can.
pub(super) fn written(word: &str) -> String {
    let bare = |c: char| c.is_ascii_alphanumeric() || "._-/+:".contains(c);
    if !word.is_empty() && word.chars().all(bare) { word.into() } else { quoted(word) }
}

/// The word in quotes; every control character is escaped, so that it stays in its line.
pub(super) fn quoted(word: &str) -> String {
    serde_json::Value::from(word).to_string()
}

/// The first word of `text` and what follows it.
pub(super) fn first(text: &str) -> Result<(String, &str), String> {
    let text = text.trim_start();
    if text.starts_with('"') {
        return json(text);
    }
    let end = text.find(char::is_whitespace).unwrap_or(text.len());
    let (word, rest) = text.split_at(end);
    if is_comment(word) { Err("a word is missing".into()) } else { Ok((word.into(), rest)) }
}

/// The JSON value at the start of `text` and what follows it.
pub(super) fn json<T: serde::de::DeserializeOwned>(text: &str) -> Result<(T, &str), String> {
    let mut values = serde_json::Deserializer::from_str(text).into_iter::<T>();
    match values.next() {
        Some(Ok(value)) => Ok((value, text.get(values.byte_offset()..).unwrap_or(""))),
        Some(Err(error)) => Err(error.to_string()),
        None => Err("a value is missing".into()),
    }
}

/// True if nothing of `text` counts.
pub(super) fn is_comment(text: &str) -> bool {
    let text = text.trim_start();
    text.is_empty() || text.starts_with([';', '#'])
}
