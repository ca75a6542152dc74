//! Errors for three readers: the program, the person on call, the dashboard.
#[cfg(test)]
mod tests;

use std::{error::Error, fmt, io};

// ANCHOR: types
/// What the provider said, without any idea of why we asked.
#[derive(Debug)]
enum CloudError {
    Transport(io::Error),
    Throttled { retry_after_s: u64 },
    NotFound,
    Denied { action: &'static str },
}

/// What we were doing: the context that the lower layer cannot know.
#[derive(Debug)]
struct OpError {
    operation: &'static str,
    region: &'static str,
    instance: &'static str,
    source: CloudError,
}

#[derive(Debug, PartialEq)]
enum Action {
    Retry { after_s: u64 },
    Ignore,
    Alert,
}

impl CloudError {
    /// Stable: dashboards and alert rules depend on it, so it is not the message.
    fn code(&self) -> &'static str {
        match self {
            CloudError::Transport(_) => "cloud.transport",
            CloudError::Throttled { .. } => "cloud.throttled",
            CloudError::NotFound => "cloud.not_found",
            CloudError::Denied { .. } => "cloud.denied",
        }
    }

    fn retry_after_s(&self) -> Option<u64> {
        match self {
            CloudError::Transport(_) => Some(1),
            CloudError::Throttled { retry_after_s } => Some(*retry_after_s),
            // No `_` arm: a new variant must say which side it is on.
            CloudError::NotFound | CloudError::Denied { .. } => None,
        }
    }
}

impl OpError {
    fn action(&self) -> Action {
        match (&self.source, self.source.retry_after_s()) {
            (_, Some(after_s)) => Action::Retry { after_s },
            // Only the operation knows that "already gone" is what it wanted.
            (CloudError::NotFound, None) if self.operation == "terminate" => Action::Ignore,
            _ => Action::Alert,
        }
    }
}
// ANCHOR_END: types

// Each level says its own part; the cause is reached through `source()` alone.
impl fmt::Display for CloudError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            CloudError::Transport(_) => write!(f, "no answer from the provider"),
            CloudError::Throttled { retry_after_s } => write!(f, "throttled for {retry_after_s}s"),
            CloudError::NotFound => write!(f, "no such instance"),
            CloudError::Denied { action } => write!(f, "not allowed to {action}"),
        }
    }
}

impl fmt::Display for OpError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {} in {}", self.operation, self.instance, self.region)
    }
}

impl Error for CloudError {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        match self {
            CloudError::Transport(cause) => Some(cause),
            _ => None,
        }
    }
}

impl Error for OpError {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        Some(&self.source)
    }
}

fn chain(error: &dyn Error) -> String {
    let (mut text, mut cause) = (error.to_string(), error.source());
    while let Some(error) = cause {
        text += &format!(": {error}");
        cause = error.source();
    }
    text
}

/// Fixed vocabulary only, so nothing needs escaping; free text stays out.
fn json(e: &OpError) -> String {
    let OpError {
        operation,
        region,
        instance,
        source,
    } = e;
    let code = source.code();
    format!(r#"{{"code":"{code}","op":"{operation}","region":"{region}","id":"{instance}"}}"#)
}

fn failing(operation: &'static str, source: CloudError) -> OpError {
    OpError {
        operation,
        region: "eu-1",
        instance: "i-7f3a",
        source,
    }
}

fn main() {
    let reset = io::Error::new(io::ErrorKind::ConnectionReset, "connection reset");
    for error in [
        failing("start", CloudError::Transport(reset)),
        failing("start", CloudError::Throttled { retry_after_s: 20 }),
        failing("start", CloudError::NotFound),
        failing("terminate", CloudError::NotFound),
        failing(
            "resize",
            CloudError::Denied {
                action: "ModifyInstance",
            },
        ),
    ] {
        println!("person   {}", chain(&error));
        println!("machine  {}", json(&error));
        println!("program  {:?}\n", error.action());
    }
}
