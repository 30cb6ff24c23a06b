//! Regular expressions as JSON Schema writes them: texts that match are made, and texts are judged.
//!
//! The part of ECMA-262 that schemas use: classes, groups, alternatives, repetition, anchors. What is missing (looking
//! around, back references, `\b`, `\p`) makes [`Pattern::parse`] say no, and the caller look for another way.

use std::cell::Cell;

use super::random::Random;

/// How deep groups may stand in one another.
const MAX_NESTING: usize = 24;
/// How many steps one judgement may take.
const MAX_STEPS: u32 = 200_000;
/// How long a text may be to be judged: matching goes as deep as the text is long.
const MAX_LENGTH: usize = 400;
/// How far a repetition without an end goes beyond its least count.
const BEYOND: u32 = 5;

/// A parsed pattern.
#[derive(Clone, Debug)]
pub(super) struct Pattern(Vec<Vec<Node>>);

#[derive(Clone, Debug)]
enum Node {
    Start,
    End,
    One(Set),
    Group(Vec<Vec<Node>>),
    Repeat(Box<Node>, u32, u32),
}

#[derive(Clone, Debug, Default)]
struct Set {
    negated: bool,
    ranges: Vec<(char, char)>,
    /// All but these, too: `[\s\S]`.
    without: Vec<Vec<(char, char)>>,
}

impl Set {
    fn of(ranges: &[(char, char)], negated: bool) -> Self {
        Self {
            negated,
            ranges: ranges.to_vec(),
            without: Vec::new(),
        }
    }

    fn has(&self, c: char) -> bool {
        let within = |ranges: &[(char, char)]| ranges.iter().any(|(low, high)| (*low..=*high).contains(&c));
        (within(&self.ranges) || self.without.iter().any(|ranges| !within(ranges))) != self.negated
    }
}

impl Pattern {
    /// Reads a pattern; `None` for what is not supported.
    pub(super) fn parse(text: &str) -> Option<Self> {
        let chars: Vec<char> = text.chars().collect();
        let mut reader = Reader { chars: &chars, at: 0 };
        let alternatives = reader.alternatives(0)?;
        (reader.at == chars.len()).then_some(Self(alternatives))
    }

    /// A text that matches.
    pub(super) fn make(&self, random: &mut Random) -> Option<String> {
        // Anchors in odd places can make a text that does not match after all.
        (0..8).find_map(|_| {
            let mut out = String::new();
            make_group(&self.0, random, &mut out);
            self.matches(&out).then_some(out)
        })
    }

    /// Whether the pattern matches somewhere in a text.
    pub(super) fn matches(&self, text: &str) -> bool {
        let text: Vec<char> = text.chars().collect();
        if text.len() > MAX_LENGTH {
            return false;
        }
        let run = Run {
            text: &text,
            steps: Cell::new(MAX_STEPS),
        };
        (0..=text.len()).any(|start| run.group(&self.0, start, &mut |_| true))
    }
}

fn make_group(alternatives: &[Vec<Node>], random: &mut Random, out: &mut String) {
    for node in random.pick(alternatives).into_iter().flatten() {
        make_node(node, random, out);
    }
}

fn make_node(node: &Node, random: &mut Random, out: &mut String) {
    match node {
        Node::Start | Node::End => {}
        Node::One(set) => out.push(make_char(set, random)),
        Node::Group(alternatives) => make_group(alternatives, random, out),
        Node::Repeat(inner, min, max) => {
            let most = (*max).min(min.saturating_add(BEYOND));
            let count = random.between(i128::from(*min), i128::from(most));
            for _ in 0..count {
                if out.len() > MAX_LENGTH {
                    return;
                }
                make_node(inner, random, out);
            }
        }
    }
}

fn make_char(set: &Set, random: &mut Random) -> char {
    const OTHERS: &str = "abcxyzABC0189 -_.,;:'\"\\/()[]{}|+*?=!<>@#$%&~^éßñ日本😀";
    if !set.negated && set.without.is_empty() {
        let (low, high) = random.pick(&set.ranges).copied().unwrap_or(('x', 'x'));
        let code = random.between(i128::from(u32::from(low)), i128::from(u32::from(high)));
        return u32::try_from(code).ok().and_then(char::from_u32).unwrap_or(low);
    }
    let fitting: Vec<char> = OTHERS.chars().filter(|c| set.has(*c)).collect();
    random.pick(&fitting).copied().unwrap_or('x')
}

struct Reader<'c> {
    chars: &'c [char],
    at: usize,
}

impl Reader<'_> {
    fn peek(&self) -> Option<char> {
        self.chars.get(self.at).copied()
    }

    fn next(&mut self) -> Option<char> {
        let c = self.peek()?;
        self.at += 1;
        Some(c)
    }

    fn eat(&mut self, text: &str) -> bool {
        let fits = text
            .chars()
            .enumerate()
            .all(|(i, c)| self.chars.get(self.at + i) == Some(&c));
        if fits {
            self.at += text.chars().count();
        }
        fits
    }

    fn alternatives(&mut self, nesting: usize) -> Option<Vec<Vec<Node>>> {
        let mut all = vec![Vec::new()];
        loop {
            match self.peek() {
                None | Some(')') => return Some(all),
                Some('|') => {
                    self.at += 1;
                    all.push(Vec::new());
                }
                Some(_) => {
                    let node = self.atom(nesting)?;
                    let node = self.repeated(node)?;
                    all.last_mut()?.push(node);
                }
            }
        }
    }

    fn atom(&mut self, nesting: usize) -> Option<Node> {
        Some(match self.next()? {
            '^' => Node::Start,
            '$' => Node::End,
            '.' => Node::One(Set::of(
                &[('\n', '\n'), ('\r', '\r'), ('\u{2028}', '\u{2029}')],
                true,
            )),
            '[' => Node::One(self.class()?),
            '(' => self.group(nesting)?,
            '\\' => Node::One(self.escape()?),
            '*' | '+' | '?' | ')' | '{' | '}' | ']' => return None,
            c => Node::One(Set::of(&[(c, c)], false)),
        })
    }

    fn group(&mut self, nesting: usize) -> Option<Node> {
        let plain = self.peek() != Some('?') || self.eat("?:");
        if !plain || nesting >= MAX_NESTING {
            return None;
        }
        let alternatives = self.alternatives(nesting + 1)?;
        (self.next()? == ')').then_some(Node::Group(alternatives))
    }

    fn repeated(&mut self, node: Node) -> Option<Node> {
        let (min, max) = match self.peek() {
            Some('*') => (0, u32::MAX),
            Some('+') => (1, u32::MAX),
            Some('?') => (0, 1),
            Some('{') => {
                self.at += 1;
                let range = self.range()?;
                self.at -= 1;
                range
            }
            _ => return Some(node),
        };
        self.at += 1;
        // Whether it is greedy changes what is caught, not what matches.
        self.eat("?");
        let repeatable = !matches!(node, Node::Start | Node::End) && min <= max;
        let again = matches!(self.peek(), Some('*' | '+' | '?' | '{'));
        (repeatable && !again).then(|| Node::Repeat(Box::new(node), min, max))
    }

    /// `3}`, `3,}` or `3,5}`
    fn range(&mut self) -> Option<(u32, u32)> {
        let min = self.count()?;
        let max = if self.eat(",") {
            self.count().unwrap_or(u32::MAX)
        } else {
            min
        };
        self.eat("}").then_some((min, max))
    }

    fn count(&mut self) -> Option<u32> {
        let from = self.at;
        while self.peek().is_some_and(|c| c.is_ascii_digit()) {
            self.at += 1;
        }
        let digits: String = self.chars.get(from..self.at)?.iter().collect();
        digits.parse().ok()
    }

    fn class(&mut self) -> Option<Set> {
        let negated = self.eat("^");
        let (mut ranges, mut without) = (Vec::new(), Vec::new());
        while !self.eat("]") {
            let low = self.member()?;
            let single = |set: &Set| match (set.negated, set.ranges.as_slice()) {
                (false, [(a, b)]) if a == b => Some(*a),
                _ => None,
            };
            let ranged = self.peek() == Some('-') && self.chars.get(self.at + 1) != Some(&']');
            if let (true, Some(from)) = (ranged, single(&low)) {
                self.at += 1;
                let to = single(&self.member()?)?;
                ranges.push((from, to));
            } else if low.negated {
                without.push(low.ranges);
            } else {
                ranges.extend(low.ranges);
            }
        }
        let some = !ranges.is_empty() || !without.is_empty();
        let good = some && ranges.iter().all(|(low, high)| low <= high);
        good.then_some(Set {
            negated,
            ranges,
            without,
        })
    }

    fn member(&mut self) -> Option<Set> {
        match self.next()? {
            '\\' => self.escape(),
            '[' => None,
            c => Some(Set::of(&[(c, c)], false)),
        }
    }

    fn escape(&mut self) -> Option<Set> {
        const DIGITS: &[(char, char)] = &[('0', '9')];
        const WORDS: &[(char, char)] = &[('a', 'z'), ('A', 'Z'), ('0', '9'), ('_', '_')];
        const SPACES: &[(char, char)] = &[(' ', ' '), ('\t', '\r')];
        let c = match self.next()? {
            'd' => return Some(Set::of(DIGITS, false)),
            'D' => return Some(Set::of(DIGITS, true)),
            'w' => return Some(Set::of(WORDS, false)),
            'W' => return Some(Set::of(WORDS, true)),
            's' => return Some(Set::of(SPACES, false)),
            'S' => return Some(Set::of(SPACES, true)),
            'n' => '\n',
            'r' => '\r',
            't' => '\t',
            'u' => self.hex(4)?,
            'x' => self.hex(2)?,
            c if c.is_ascii_alphanumeric() => return None,
            c => c,
        };
        Some(Set::of(&[(c, c)], false))
    }

    fn hex(&mut self, digits: usize) -> Option<char> {
        let mut code = 0;
        for _ in 0..digits {
            code = code * 16 + self.next()?.to_digit(16)?;
        }
        char::from_u32(code)
    }
}

/// What is to be done at a place in the text that was reached.
type Then<'t> = &'t mut dyn FnMut(usize) -> bool;

struct Run<'t> {
    text: &'t [char],
    steps: Cell<u32>,
}

impl Run<'_> {
    fn group(&self, alternatives: &[Vec<Node>], at: usize, then: Then<'_>) -> bool {
        alternatives.iter().any(|nodes| self.row(nodes, at, then))
    }

    fn row(&self, nodes: &[Node], at: usize, then: Then<'_>) -> bool {
        match nodes.split_first() {
            None => then(at),
            Some((node, rest)) => self.node(node, at, &mut |at| self.row(rest, at, then)),
        }
    }

    fn node(&self, node: &Node, at: usize, then: Then<'_>) -> bool {
        if self.steps.get() == 0 {
            return false;
        }
        self.steps.set(self.steps.get() - 1);
        match node {
            Node::Start => at == 0 && then(at),
            Node::End => at == self.text.len() && then(at),
            Node::One(set) => self.text.get(at).is_some_and(|c| set.has(*c)) && then(at + 1),
            Node::Group(alternatives) => self.group(alternatives, at, then),
            Node::Repeat(inner, min, max) => self.repeat(inner, *min, *max, at, then),
        }
    }

    fn repeat(&self, inner: &Node, min: u32, max: u32, at: usize, then: Then<'_>) -> bool {
        let more = max > 0
            && self.node(inner, at, &mut |next| {
                // A turn that takes nothing would go on for ever.
                next > at && self.repeat(inner, min.saturating_sub(1), max - 1, next, then)
            });
        more || min == 0 && then(at)
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn patterns_make_what_they_match() {
        let mut random = Random::new(1);
        for text in [
            "^cus_(?:[0-9]{6}|[1-9][0-9]{6,14})$",
            "^[A-Z]{2}$",
            "^(?:/(?:[^/~]|~[01])*)*$",
            "^[0-9]{4}-[0-9]{2}(?:[.][0-9]+)?Z$",
            r"^\d{3}\.\w+\s?[\d\-a]$",
            "a|bc+?d*",
            "^\\u00e9{2,}x$",
            "^$",
            r"^[\s\S]+$",
            r"^[^\s]+(\s[^\s]+)*$",
        ] {
            let pattern = Pattern::parse(text).unwrap();
            for _ in 0..50 {
                let made = pattern.make(&mut random).unwrap();
                assert!(pattern.matches(&made), "{text} {made}");
            }
        }
    }

    #[test]
    fn patterns_judge() {
        let judge = |pattern: &str, text: &str| Pattern::parse(pattern).unwrap().matches(text);
        assert!(judge("^[A-Z]{2}$", "GB") && !judge("^[A-Z]{2}$", "GBR") && !judge("^[A-Z]{2}$", "gb"));
        assert!(judge("b+", "abc") && !judge("^b+", "abc"));
        assert!(judge("^(a*)*$", "aaaa") && !judge("^(a*)*$", "aaab"));
        for unsupported in [
            "(?=a)", r"\bx", r"\p{L}", r"(a)\1", "a**", "[", "(", ")", "{", "[z-a]",
        ] {
            assert!(Pattern::parse(unsupported).is_none(), "{unsupported}");
        }
    }
}
