//! From the text of a condition to the condition.

use super::{Comparison, Condition, Literal};

/// Parentheses deeper than this are not followed.
const DEEPEST: usize = 100;

#[derive(Clone, Debug, PartialEq)]
enum Token {
    Name(String),
    Literal(Literal),
    Comparison(Comparison),
    And,
    Or,
    Not,
    In,
    Open,
    Close,
    Comma,
}

/// Parses a condition.
///
/// # Errors
/// What was found where something else is needed.
pub(super) fn condition(text: &str) -> Result<Condition, String> {
    let mut parser = Parser {
        tokens: tokens(text)?,
        next: 0,
    };
    let condition = parser.any(DEEPEST)?;
    match parser.take() {
        None => Ok(condition),
        Some(token) => Err(format!("{token:?} behind the end of the condition")),
    }
}

fn tokens(text: &str) -> Result<Vec<Token>, String> {
    let mut tokens = Vec::new();
    let mut rest = text.trim_start();
    while let Some(first) = rest.chars().next() {
        let len = match first {
            '(' | ')' | ',' => {
                tokens.push(match first {
                    '(' => Token::Open,
                    ')' => Token::Close,
                    _ => Token::Comma,
                });
                1
            }
            '\'' | '"' | '`' => {
                let inner = rest.get(1..).unwrap_or_default();
                let Some(end) = inner.find(first) else {
                    return Err(format!("no second {first} behind {rest}"));
                };
                let inner = inner.get(..end).unwrap_or_default().to_owned();
                tokens.push(match first {
                    '`' => Token::Name(inner),
                    _ => Token::Literal(Literal::Text(inner)),
                });
                end + 2
            }
            '=' | '!' | '<' | '>' => {
                let (comparison, len) = match rest.as_bytes() {
                    [b'=', b'=', ..] => (Comparison::Equal, 2),
                    [b'!', b'=', ..] => (Comparison::Different, 2),
                    [b'<', b'=', ..] => (Comparison::AtMost, 2),
                    [b'>', b'=', ..] => (Comparison::AtLeast, 2),
                    [b'<', ..] => (Comparison::Less, 1),
                    [b'>', ..] => (Comparison::More, 1),
                    [b'=', ..] => (Comparison::Equal, 1),
                    _ => return Err(format!("{first} is no comparison")),
                };
                tokens.push(Token::Comparison(comparison));
                len
            }
            _ => {
                let ends = |c: char| c.is_whitespace() || "()',\"`=!<>".contains(c);
                let len = rest.find(ends).unwrap_or(rest.len());
                tokens.push(word(rest.get(..len).unwrap_or_default()));
                len
            }
        };
        rest = rest.get(len..).unwrap_or_default().trim_start();
    }
    Ok(tokens)
}

fn word(word: &str) -> Token {
    let numeric = word.starts_with(|c: char| c.is_ascii_digit() || "+-.".contains(c));
    match word {
        "and" => Token::And,
        "or" => Token::Or,
        "not" => Token::Not,
        "in" => Token::In,
        word => match (word.parse(), word.parse()) {
            (Ok(integer), _) => Token::Literal(Literal::Integer(integer)),
            (_, Ok(float)) if numeric => Token::Literal(Literal::Float(float)),
            _ => Token::Name(word.to_owned()),
        },
    }
}

struct Parser {
    tokens: Vec<Token>,
    next: usize,
}

impl Parser {
    fn take(&mut self) -> Option<Token> {
        let token = self.tokens.get(self.next).cloned();
        self.next += 1;
        token
    }

    fn take_if(&mut self, wanted: &Token) -> bool {
        let found = self.tokens.get(self.next) == Some(wanted);
        self.next += usize::from(found);
        found
    }

    fn any(&mut self, depth: usize) -> Result<Condition, String> {
        let mut all = vec![self.all(depth)?];
        while self.take_if(&Token::Or) {
            all.push(self.all(depth)?);
        }
        Ok(single(all, Condition::Any))
    }

    fn all(&mut self, depth: usize) -> Result<Condition, String> {
        let mut all = vec![self.one(depth)?];
        while self.take_if(&Token::And) {
            all.push(self.one(depth)?);
        }
        Ok(single(all, Condition::All))
    }

    fn one(&mut self, depth: usize) -> Result<Condition, String> {
        let depth = depth
            .checked_sub(1)
            .ok_or("the condition is nested too deeply")?;
        match self.take() {
            Some(Token::Not) => Ok(Condition::Not(Box::new(self.one(depth)?))),
            Some(Token::Open) => {
                let inner = self.any(depth)?;
                match self.take_if(&Token::Close) {
                    true => Ok(inner),
                    false => Err("a ) is missing".to_owned()),
                }
            }
            Some(Token::Name(name)) => self.comparison(name),
            Some(other) => Err(format!(
                "{other:?}, where the name of an attribute is needed"
            )),
            None => Err("the name of an attribute is missing at the end".to_owned()),
        }
    }

    /// What follows a name.
    fn comparison(&mut self, name: String) -> Result<Condition, String> {
        let negated = self.tokens.get(self.next) == Some(&Token::Not)
            && self.tokens.get(self.next + 1) == Some(&Token::In);
        self.next += usize::from(negated);
        match self.tokens.get(self.next) {
            Some(Token::Comparison(comparison)) => {
                let comparison = *comparison;
                self.next += 1;
                Ok(Condition::Compares(name, comparison, vec![self.literal()?]))
            }
            Some(Token::In) => {
                self.next += 1;
                let within = Condition::Compares(name, Comparison::Equal, self.literals()?);
                Ok(match negated {
                    true => Condition::Not(Box::new(within)),
                    false => within,
                })
            }
            _ => Ok(Condition::Holds(name)),
        }
    }

    fn literal(&mut self) -> Result<Literal, String> {
        match self.take() {
            Some(Token::Literal(literal)) => Ok(literal),
            Some(Token::Name(name)) => Err(format!(
                "{name}, where a number or text in quotes is needed"
            )),
            _ => Err("a number or text in quotes is missing".to_owned()),
        }
    }

    /// `(VALUE, ...)`.
    fn literals(&mut self) -> Result<Vec<Literal>, String> {
        if !self.take_if(&Token::Open) {
            return Err("in is followed by values in parentheses".to_owned());
        }
        let mut literals = vec![self.literal()?];
        while self.take_if(&Token::Comma) {
            literals.push(self.literal()?);
        }
        match self.take_if(&Token::Close) {
            true => Ok(literals),
            false => Err("a ) is missing behind the values".to_owned()),
        }
    }
}

fn single(mut all: Vec<Condition>, several: fn(Vec<Condition>) -> Condition) -> Condition {
    match all.pop() {
        Some(only) if all.is_empty() => only,
        last => {
            all.extend(last);
            several(all)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn conditions_bind_as_in_python() {
        let parsed = condition("a or not b and c==1").unwrap();
        let holds = |name: &str| Condition::Holds(name.to_owned());
        let one = Condition::Compares("c".into(), Comparison::Equal, vec![Literal::Integer(1)]);
        let not = Condition::Not(Box::new(holds("b")));
        let expected = Condition::Any(vec![holds("a"), Condition::All(vec![not, one])]);
        assert_eq!(parsed, expected);
        let quoted = condition("`a b` not in ('x y', -2.5e3)").unwrap();
        let literals = vec![Literal::Text("x y".into()), Literal::Float(-2500.0)];
        let within = Condition::Compares("a b".into(), Comparison::Equal, literals);
        assert_eq!(quoted, Condition::Not(Box::new(within)));
        assert_eq!(condition("(((x)))").unwrap(), holds("x"));
    }

    #[test]
    fn what_is_no_condition_is_refused() {
        for bad in [
            "", "a ==", "a == b", "a b", "(a", "a)", "a in 3", "a in (3", "a = 'x", "1 < 2",
            "a !x", "and", "a in ()",
        ] {
            assert!(condition(bad).is_err(), "{bad:?}");
        }
        assert!(condition(&"(".repeat(100_000)).is_err());
        assert!(condition(&"not ".repeat(100_000)).is_err());
    }
}
