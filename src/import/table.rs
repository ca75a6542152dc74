//! Tables whose cells were run together when a page was copied: one line a row, no sign between the cells.

use std::collections::HashSet;

use super::ledger::Ledger;
use super::line::{Line, ends_sentence, indent, is_item, starts_big};

/// Names in mixed case that are one word.
const NAMES: [&str; 96] = [
    "DevOps",
    "GitHub",
    "GitLab",
    "GitOps",
    "JavaScript",
    "TypeScript",
    "CoffeeScript",
    "PostgreSQL",
    "MySQL",
    "NoSQL",
    "SQLite",
    "MongoDB",
    "DynamoDB",
    "CouchDB",
    "MariaDB",
    "InfluxDB",
    "RocksDB",
    "GraphQL",
    "OpenTelemetry",
    "OpenAPI",
    "OpenID",
    "OpenSearch",
    "OpenShift",
    "OpenStack",
    "OpenAI",
    "OpenDevin",
    "OpenHands",
    "WebSocket",
    "WebSockets",
    "WebAssembly",
    "WebRTC",
    "YouTube",
    "LinkedIn",
    "PayPal",
    "MacBook",
    "macOS",
    "iOS",
    "iPhone",
    "RabbitMQ",
    "ActiveMQ",
    "ZeroMQ",
    "CircleCI",
    "TeamCity",
    "CloudFormation",
    "CloudFront",
    "CloudWatch",
    "CloudTrail",
    "ElastiCache",
    "ElasticSearch",
    "PowerShell",
    "PagerDuty",
    "SonarQube",
    "LaunchDarkly",
    "CodeQL",
    "CodeRabbit",
    "DataDog",
    "HashMap",
    "HashSet",
    "ArrayList",
    "LinkedList",
    "TreeMap",
    "ConcurrentHashMap",
    "StringBuilder",
    "NumPy",
    "PyTorch",
    "TensorFlow",
    "FastAPI",
    "SpringBoot",
    "NestJS",
    "NextJS",
    "NodeJS",
    "VueJS",
    "ReactJS",
    "jQuery",
    "StackOverflow",
    "DevEx",
    "DevSecOps",
    "MLOps",
    "FinOps",
    "AIOps",
    "DataOps",
    "SaaS",
    "PaaS",
    "IaaS",
    "FaaS",
    "IaC",
    "DoS",
    "DDoS",
    "IoT",
    "VMware",
    "CapEx",
    "OpEx",
    "McKinsey",
    "JetBrains",
    "IntelliJ",
    "ArgoCD",
];

/// Words in mixed case that the document uses in its prose.
#[derive(Debug, Default)]
pub(super) struct Vocabulary {
    /// Words in mixed case.
    words: HashSet<String>,
    /// Words in lower case of four letters and more.
    lower: HashSet<String>,
}

impl Vocabulary {
    /// Gathers the words. Rows of tables end without punctuation, so only sentences and list items are read.
    pub(super) fn of(lines: &[Line]) -> Self {
        let mut words: HashSet<String> = NAMES.iter().map(|name| (*name).to_owned()).collect();
        let mut lower = HashSet::new();
        for line in lines {
            if indent(&line.text) == 0 && !line.text.trim_end().ends_with(['.', '!']) {
                continue;
            }
            for word in line.text.split(|c: char| !c.is_alphanumeric()) {
                if has_inner_capital(word) && word.len() <= 24 {
                    words.insert(word.to_owned());
                } else if (4..=24).contains(&word.len()) && word.chars().all(char::is_lowercase) {
                    lower.insert(word.to_owned());
                }
            }
        }
        Self { words, lower }
    }

    /// Where two known words in lower case were run together; a run that is a word itself has no such place.
    fn joins(&self, text: &str) -> Vec<usize> {
        let mut joins = Vec::new();
        let mut at = 0;
        for run in text.split(|c: char| !c.is_lowercase()) {
            let start = at + text[at..].find(run).unwrap_or(0);
            at = start + run.len();
            if run.len() < 8 || run.len() > 40 || self.lower.contains(run) {
                continue;
            }
            let join = run
                .char_indices()
                .map(|(cut, _)| cut)
                .filter(|cut| *cut >= 4 && run.len() - cut >= 4)
                .find(|&cut| self.lower.contains(&run[..cut]) && self.lower.contains(&run[cut..]));
            joins.extend(join.map(|cut| start + cut));
        }
        joins
    }

    fn knows(&self, word: &str) -> bool {
        self.words.contains(word)
            || word
                .strip_suffix('s')
                .is_some_and(|word| self.words.contains(word))
    }
}

fn has_inner_capital(word: &str) -> bool {
    let mut before = ' ';
    for c in word.chars() {
        if c.is_uppercase() && before.is_lowercase() {
            return true;
        }
        before = c;
    }
    false
}

/// A place where two cells may have met: byte offset and weight.
#[derive(Clone, Copy, Debug)]
struct Cut {
    at: usize,
    weight: u8,
}

/// The places of a row where cells may have met.
fn cuts(text: &str, vocabulary: &Vocabulary) -> Vec<Cut> {
    let chars: Vec<(usize, char)> = text.char_indices().collect();
    let mut cuts = Vec::new();
    let mut depth = 0_i32;
    for window in 1..chars.len() {
        let (at, next) = chars[window];
        let before = chars[window - 1].1;
        match before {
            '(' | '[' => depth += 1,
            ')' | ']' => depth -= 1,
            _ => {}
        }
        let opens = next.is_uppercase() || matches!(next, '“' | '"') && before.is_alphanumeric();
        if !opens {
            continue;
        }
        let follows_lower = chars.get(window + 1).is_some_and(|(_, c)| c.is_lowercase());
        let ends_word = chars.get(window + 1).is_none_or(|(_, c)| !c.is_alphanumeric());
        let weight = match before {
            ')' | '?' | '”' | '!' | '%' => 4,
            '.' if window > 1 && chars[window - 2].1.is_lowercase() && follows_lower => 3,
            c if c.is_lowercase() && (follows_lower || matches!(next, '“' | '"')) => 3,
            // The article of a cell that begins with one.
            c if c.is_lowercase() && next == 'A' && text[at..].starts_with("A ") => 3,
            c if c.is_lowercase() && !ends_word => 2,
            c if c.is_ascii_digit() && follows_lower => 2,
            c if c.is_uppercase() && follows_lower && !ends_word => 0,
            c if c.is_lowercase() => 1,
            _ => 0,
        };
        if weight == 0 {
            continue;
        }
        cuts.push(Cut {
            at,
            weight: if depth > 0 { 1 } else { weight },
        });
    }
    without_known_words(text, cuts, vocabulary)
}

/// Takes out the cuts that lie within a known word.
fn without_known_words(text: &str, cuts: Vec<Cut>, vocabulary: &Vocabulary) -> Vec<Cut> {
    let mut kept = Vec::with_capacity(cuts.len());
    let mut known_to = 0;
    for cut in cuts {
        if cut.at < known_to {
            continue;
        }
        let left = text[..cut.at]
            .rfind(|c: char| !c.is_alphanumeric())
            .map_or(0, |at| at + text[at..].chars().next().map_or(1, char::len_utf8));
        let left = left.max(known_to.min(cut.at));
        let right = text[cut.at..]
            .find(|c: char| !c.is_alphanumeric())
            .map_or(text.len(), |at| cut.at + at);
        // The longest known word that begins where this one does, or after the cut before.
        let start = kept.last().map_or(left, |last: &Cut| last.at.max(left));
        let known = text[cut.at..right]
            .char_indices()
            .map(|(at, c)| cut.at + at + c.len_utf8())
            .rev()
            .take(24)
            .find(|&end| start < cut.at && vocabulary.knows(&text[start..end]));
        match known {
            Some(end) => {
                known_to = end;
                // Two capitals meet where a known word ends, which the look of the letters alone does not tell.
                let capitals = text[..end].ends_with(char::is_uppercase)
                    && end < right
                    && text[end..].starts_with(char::is_uppercase);
                if capitals {
                    kept.push(Cut { at: end, weight: 3 });
                }
            }
            None => kept.push(cut),
        }
    }
    kept
}

/// A row of a table with its source line.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Row {
    pub(super) no: usize,
    pub(super) cells: Vec<String>,
}

/// The flattened table that the lines begin with, and how many lines it takes.
pub(super) fn flattened(
    lines: &[Line],
    vocabulary: &Vocabulary,
    ledger: &mut Ledger,
) -> Option<(Vec<Row>, usize)> {
    let candidate = |line: &Line| {
        let text = line.text.trim_end();
        indent(text) == 0
            && !text.is_empty()
            && !text.contains(" -> ")
            && !is_item(text)
            && text.len() <= 2000
    };
    let header = lines.first().filter(|line| candidate(line))?;
    let text = header.text.trim_end();
    if text.chars().count() > 100 || ends_sentence(text) && !text.ends_with('?') || !starts_big(text) {
        return None;
    }
    let head: Vec<Cut> = cuts(text, vocabulary)
        .into_iter()
        .filter(|cut| cut.weight >= 2)
        .collect();
    let columns = head.len() + 1;
    if !(2..=8).contains(&columns) {
        return None;
    }
    let mut rows: Vec<(&Line, Vec<Cut>)> = Vec::new();
    for (at, line) in lines.iter().enumerate().skip(1).take(200) {
        if !candidate(line) || !starts_big(&line.text) && rows.is_empty() {
            break;
        }
        let found = cuts(&line.text, vocabulary);
        let strong = found.iter().filter(|cut| cut.weight >= 2).count();
        let prose = line.text.trim_end().ends_with(['.', ':', '!']) && strong < columns - 1;
        // A row without any cut counts only between rows.
        let lone = found.is_empty()
            && (ends_sentence(&line.text)
                || lines
                    .get(at + 1)
                    .is_none_or(|next| !candidate(next) || cuts(&next.text, vocabulary).len() < columns - 1));
        if lone
            || prose
            || super::label::family(line.text.split(':').next().unwrap_or_default()).is_some()
                && line.text.contains(':')
        {
            break;
        }
        rows.push((line, found));
    }
    let supports = rows
        .iter()
        .filter(|(_, found)| found.iter().filter(|cut| cut.weight >= 2).count() >= columns - 1)
        .count();
    if rows.len() < 2 || supports * 10 < rows.len() * 7 {
        return None;
    }
    let taken = rows.len() + 1;
    let mut table = vec![Row {
        no: header.no,
        cells: split(text, &head),
    }];
    let mut firsts: Vec<String> = Vec::new();
    for (line, found) in rows {
        let text = line.text.trim_end();
        let cells = row_cells(text, found, columns, &firsts, vocabulary);
        let cells = cells.unwrap_or_else(|| {
            ledger.notice(
                line.no,
                format!(
                    "the cells of this table row could not be told apart; it stands in the first of {columns} columns"
                ),
            );
            let mut cells = vec![text.to_owned()];
            cells.resize(columns, String::new());
            cells
        });
        firsts.push(cells[0].clone());
        table.push(Row { no: line.no, cells });
    }
    ledger.notice(
        header.no,
        format!(
            "a table of {} rows was made of text whose cells had run together",
            taken - 1
        ),
    );
    Some((table, taken))
}

fn row_cells(
    text: &str,
    found: Vec<Cut>,
    columns: usize,
    firsts: &[String],
    vocabulary: &Vocabulary,
) -> Option<Vec<String>> {
    let mut found = found;
    if found.len() < columns - 1 {
        // An abbreviation may end a cell: `NLPOpen`, where the last capital begins the next word.
        for at in after_abbreviations(text)
            .into_iter()
            .chain(vocabulary.joins(text))
        {
            if found.len() < columns - 1 && found.iter().all(|cut| cut.at != at) {
                found.push(Cut { at, weight: 1 });
                found.sort_by_key(|cut| cut.at);
            }
        }
    }
    if found.len() < columns - 1 {
        // The first column repeats a cell of the row above.
        let first = firsts
            .last()
            .filter(|first| text.starts_with(first.as_str()) && first.len() < text.len())?;
        let at = first.len();
        if found.iter().all(|cut| cut.at != at) && text.is_char_boundary(at) {
            found.push(Cut { at, weight: 2 });
            found.sort_by_key(|cut| cut.at);
        }
        if found.len() < columns - 1 {
            return None;
        }
    }
    while found.len() > columns - 1 {
        let weakest = found
            .iter()
            .enumerate()
            .rev()
            .min_by_key(|(_, cut)| cut.weight)
            .map(|(index, _)| index)?;
        found.remove(weakest);
    }
    Some(split(text, &found))
}

/// Where a capital that begins a word follows at least two others.
fn after_abbreviations(text: &str) -> Vec<usize> {
    let chars: Vec<(usize, char)> = text.char_indices().collect();
    chars
        .windows(4)
        .filter(|window| window[..3].iter().all(|(_, c)| c.is_uppercase()) && window[3].1.is_lowercase())
        .map(|window| window[2].0)
        .collect()
}

fn split(text: &str, cuts: &[Cut]) -> Vec<String> {
    let mut cells = Vec::with_capacity(cuts.len() + 1);
    let mut start = 0;
    for cut in cuts {
        cells.push(text[start..cut.at].trim().to_owned());
        start = cut.at;
    }
    cells.push(text[start..].trim().to_owned());
    cells
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(text: &str, expected: &[&[&str]]) {
        let lines = crate::import::line::numbered(text);
        let found = flattened(&lines, &Vocabulary::of(&lines), &mut Ledger::default());
        let rows: Vec<Vec<String>> = found
            .map(|(rows, _)| rows.into_iter().map(|row| row.cells).collect())
            .unwrap_or_default();
        assert_eq!(rows, expected, "{text}");
    }

    #[test]
    fn cells_are_told_apart() {
        check(
            "TaskSafe?Why\nBoiling waterYesLow risk\nFrying fishNo (without lid)Hot fat\nThen prose goes on.",
            &[
                &["Task", "Safe?", "Why"],
                &["Boiling water", "Yes", "Low risk"],
                &["Frying fish", "No (without lid)", "Hot fat"],
            ],
        );
    }

    #[test]
    fn known_names_are_one_word() {
        check(
            "ThemeDevOpsOther Thing\nGoalSpeedProduct on GitHub\nCrewOne teamMany people\nProse about GitHub.",
            &[
                &["Theme", "DevOps", "Other Thing"],
                &["Goal", "Speed", "Product on GitHub"],
                &["Crew", "One team", "Many people"],
            ],
        );
    }

    #[test]
    fn an_abbreviation_may_end_a_cell() {
        check(
            "AspectOldNew\nTimeDays, MTTRDeveloper hours\nCostHigh sumLow sum\nToolLintCodeQL\nRiskSmall oneLarge one\n",
            &[
                &["Aspect", "Old", "New"],
                &["Time", "Days, MTTR", "Developer hours"],
                &["Cost", "High sum", "Low sum"],
                &["Tool", "Lint", "CodeQL"],
                &["Risk", "Small one", "Large one"],
            ],
        );
    }

    #[test]
    fn a_row_that_does_not_tell_is_kept_whole() {
        check(
            "StageToolWhen\nEarlyLintAlways\nEarlyscanner here\nLateTestAt night\nLateProbeBy day\n",
            &[
                &["Stage", "Tool", "When"],
                &["Early", "Lint", "Always"],
                &["Earlyscanner here", "", ""],
                &["Late", "Test", "At night"],
                &["Late", "Probe", "By day"],
            ],
        );
    }

    #[test]
    fn prose_is_no_table() {
        check("One line here\nAnother line\nA third line", &[]);
        check("We use JavaScript.\nAnd TypeScript too.\nMore GitHub.", &[]);
    }
}
