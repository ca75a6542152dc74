struct Cache {
    entries: Vec<(&'static str, String)>,
}

impl Cache {
    // A hit moves its entry to the front: even a read needs `&mut self`.
    fn get(&mut self, key: &str) -> Option<&String> {
        let at = self.entries.iter().position(|entry| entry.0 == key)?;
        self.entries[..=at].rotate_right(1);
        Some(&self.entries[0].1)
    }
}

fn main() {
    let entries = vec![("a", "alpha".into()), ("b", "beta".into())];
    let mut cache = Cache { entries };
    let first = cache.get("a");
    let second = cache.get("b");
    println!("{first:?} {second:?}");
}
