//! From text to operations, by recursive descent.

use super::function::FUNCTIONS;
use super::{Expression, MAX_DEPTH, MAX_LENGTH, MAX_VARIABLES, Op};
use crate::error::{Error, Kind};

/// What went wrong, and at which byte of the text.
struct Fault {
    at: usize,
    reason: String,
}

fn fault<T>(at: usize, reason: impl Into<String>) -> Result<T, Fault> {
    Err(Fault { at, reason: reason.into() })
}

pub(super) fn parse(text: &str) -> crate::Result<Expression> {
    if text.len() > MAX_LENGTH {
        let limit = format!("it is {} bytes long; the limit is {MAX_LENGTH}", text.len());
        return Err(error(text, Fault { at: 0, reason: limit }));
    }
    let mut parser =
        Parser { text, tokens: Vec::new(), next: 0, depth: 0, program: Vec::new(), variables: Vec::new() };
    parser.read().map_err(|fault| error(text, fault))?;
    let Parser { mut program, variables, .. } = parser;
    let mut order: Vec<usize> = (0..variables.len()).collect();
    order.sort_by_key(|&i| sort_key(variables[i]));
    for op in &mut program {
        if let Op::Variable(i) = op {
            *i = order.iter().position(|j| j == i).expect("every variable has a place");
        }
    }
    let variables = order.into_iter().map(|i| variables[i].to_owned()).collect();
    Ok(Expression { text: text.trim().into(), variables, program })
}

/// x < y < x1 would be odd: by letter, then by number.
fn sort_key(name: &str) -> (&str, u64) {
    let (letter, digits) = name.split_at(1);
    (letter, digits.parse().unwrap_or(0))
}

/// Columns of text shown on either side of a fault.
const WINDOW: usize = 30;

fn error(text: &str, Fault { at, reason }: Fault) -> Error {
    let before: Vec<char> = text[..at].chars().collect();
    let column = before.len() + 1;
    let start = before.len().saturating_sub(WINDOW);
    let shown: String =
        text.chars().skip(start).take(2 * WINDOW).map(|c| if c.is_control() { ' ' } else { c }).collect();
    let dots = if start > 0 { "..." } else { "" };
    let pointer =
        format!("  {dots}{shown}\n  {:>width$}", '^', width = dots.len() + before.len() - start + 1);
    Kind::Expression { column, reason, pointer }.into()
}

#[derive(Clone, Copy, Debug, PartialEq)]
enum Token<'a> {
    Number(f64),
    Word(&'a str),
    Sign(char),
    End,
}

struct Parser<'a> {
    text: &'a str,
    tokens: Vec<(usize, Token<'a>)>,
    next: usize,
    depth: usize,
    program: Vec<Op>,
    variables: Vec<&'a str>,
}

impl<'a> Parser<'a> {
    fn read(&mut self) -> Result<(), Fault> {
        self.tokenize()?;
        if self.peek() == Token::End {
            return fault(0, "there is nothing to read; write a function such as x^2 + 2y^2");
        }
        self.sum()?;
        match self.peek() {
            Token::End => {}
            Token::Sign(')') => return fault(self.at(), "this bracket closes none"),
            Token::Sign(',') => {
                return fault(self.at(), "a comma stands between the arguments of min and max only");
            }
            Token::Word(_) | Token::Number(_) => {
                return fault(self.at(), "expected an operator such as * before this");
            }
            Token::Sign(sign) => return fault(self.at(), format!("'{sign}' does not belong here")),
        }
        if self.variables.is_empty() {
            return fault(0, "it has no variable; write one such as x");
        }
        Ok(())
    }

    fn tokenize(&mut self) -> Result<(), Fault> {
        let mut at = 0;
        while let Some(c) = self.text[at..].chars().next() {
            let mut end = at + c.len_utf8();
            let token = match c {
                c if c.is_whitespace() => None,
                '0'..='9' | '.' => {
                    end = self.number_end(at);
                    let text = &self.text[at..end];
                    match text.parse::<f64>() {
                        Ok(x) if x.is_finite() => Some(Token::Number(x)),
                        _ => return fault(at, format!("'{text}' is not a number")),
                    }
                }
                c if c.is_ascii_alphabetic() => {
                    let rest = self.text[at..].find(|c: char| !c.is_ascii_alphanumeric() && c != '_');
                    end = rest.map_or(self.text.len(), |length| at + length);
                    Some(Token::Word(&self.text[at..end]))
                }
                'π' => Some(Token::Word("pi")),
                '−' => Some(Token::Sign('-')),
                '·' | '×' => Some(Token::Sign('*')),
                '*' if self.text[end..].starts_with('*') => {
                    end += 1;
                    Some(Token::Sign('^'))
                }
                '+' | '-' | '*' | '/' | '^' | '(' | ')' | ',' => Some(Token::Sign(c)),
                c => return fault(at, format!("'{}' is not part of an expression", c.escape_debug())),
            };
            self.tokens.extend(token.map(|token| (at, token)));
            at = end;
        }
        self.tokens.push((self.text.trim_end().len(), Token::End));
        Ok(())
    }

    /// The end of digits, a point, an exponent. `2e` is 2 times e, `2e3` is 2000.
    fn number_end(&self, at: usize) -> usize {
        let bytes = self.text.as_bytes();
        let digits =
            |start: usize| start + bytes[start..].iter().take_while(|byte| byte.is_ascii_digit()).count();
        let mut end = digits(at);
        if bytes.get(end) == Some(&b'.') {
            end = digits(end + 1);
        }
        if matches!(bytes.get(end), Some(b'e' | b'E')) {
            let sign = usize::from(matches!(bytes.get(end + 1), Some(b'+' | b'-')));
            let start = (end + 1 + sign).min(bytes.len());
            let exponent = digits(start);
            if exponent > start {
                end = exponent;
            }
        }
        end
    }

    fn peek(&self) -> Token<'a> {
        self.tokens[self.next].1
    }

    /// The byte at which the next token begins.
    fn at(&self) -> usize {
        self.tokens[self.next].0
    }

    /// Takes the next token if it is this sign.
    fn take(&mut self, sign: char) -> bool {
        let found = self.peek() == Token::Sign(sign);
        self.next += usize::from(found);
        found
    }

    fn push(&mut self, op: Op) -> usize {
        self.program.push(op);
        self.program.len() - 1
    }

    fn deeper<T>(&mut self, inside: impl FnOnce(&mut Self) -> Result<T, Fault>) -> Result<T, Fault> {
        self.depth += 1;
        if self.depth > MAX_DEPTH {
            return fault(self.at(), format!("it is nested more than {MAX_DEPTH} deep"));
        }
        let result = inside(self);
        self.depth -= 1;
        result
    }

    fn sum(&mut self) -> Result<usize, Fault> {
        let mut left = self.product()?;
        loop {
            left = if self.take('+') {
                let right = self.product()?;
                self.push(Op::Add(left, right))
            } else if self.take('-') {
                let right = self.product()?;
                self.push(Op::Sub(left, right))
            } else {
                return Ok(left);
            }
        }
    }

    fn product(&mut self) -> Result<usize, Fault> {
        let mut left = self.signed()?;
        loop {
            left = if self.take('*') {
                let right = self.signed()?;
                self.push(Op::Mul(left, right))
            } else if self.take('/') {
                let right = self.signed()?;
                self.push(Op::Div(left, right))
            } else if self.is_product_without_sign() {
                let right = self.power()?;
                self.push(Op::Mul(left, right))
            } else {
                return Ok(left);
            }
        }
    }

    /// `2x`, `2(`, `)x`, `)(`.
    fn is_product_without_sign(&self) -> bool {
        let before = self.tokens[self.next - 1].1;
        matches!(before, Token::Number(_) | Token::Sign(')'))
            && matches!(self.peek(), Token::Word(_) | Token::Sign('('))
    }

    fn signed(&mut self) -> Result<usize, Fault> {
        if self.take('-') {
            let operand = self.deeper(Self::signed)?;
            return Ok(self.push(Op::Neg(operand)));
        }
        if self.take('+') {
            return self.deeper(Self::signed);
        }
        self.power()
    }

    fn power(&mut self) -> Result<usize, Fault> {
        let base = self.atom()?;
        if !self.take('^') {
            return Ok(base);
        }
        let start = self.program.len();
        let exponent = self.deeper(Self::signed)?;
        let constant = match self.program[start..] {
            [Op::Constant(c)] => Some(c),
            [Op::Constant(c), Op::Neg(_)] => Some(-c),
            [Op::Constant(a), Op::Constant(b), Op::Div(..)] => Some(a / b),
            _ => None,
        };
        if let Some(c) = constant {
            self.program.truncate(start);
            return Ok(self.push(Op::Power(base, c)));
        }
        // a^b = exp(b ln a): not a number for a < 0, as a real power is there.
        let log = self.push(Op::Call(base, named("ln")));
        let product = self.push(Op::Mul(exponent, log));
        Ok(self.push(Op::Call(product, named("exp"))))
    }

    fn atom(&mut self) -> Result<usize, Fault> {
        let (at, token) = self.tokens[self.next];
        match token {
            Token::Number(x) => {
                self.next += 1;
                Ok(self.push(Op::Constant(x)))
            }
            Token::Word(word) => {
                self.next += 1;
                self.word(at, word)
            }
            Token::Sign('(') => {
                self.next += 1;
                let inside = self.deeper(Self::sum)?;
                self.close(at)?;
                Ok(inside)
            }
            Token::Sign(sign) => {
                fault(at, format!("expected a number, a variable or a bracket, not '{sign}'"))
            }
            Token::End => fault(at, "it ends where a number, a variable or a bracket is expected"),
        }
    }

    fn close(&mut self, opened: usize) -> Result<(), Fault> {
        if self.take(')') {
            return Ok(());
        }
        match self.peek() {
            Token::End => fault(opened, "this bracket is not closed"),
            Token::Sign(',') => fault(self.at(), "a comma stands between the arguments of min and max only"),
            _ => fault(self.at(), "expected an operator such as * before this"),
        }
    }

    fn word(&mut self, at: usize, word: &'a str) -> Result<usize, Fault> {
        if matches!(word, "min" | "max") {
            return self.extreme(at, word);
        }
        if let Some(function) = FUNCTIONS.iter().find(|function| function.names.contains(&word)) {
            let bracket = self.at();
            if !self.take('(') {
                return fault(bracket, format!("{word} is a function: write {word}(...)"));
            }
            let argument = self.deeper(Self::sum)?;
            self.close(bracket)?;
            return Ok(self.push(Op::Call(argument, function)));
        }
        let constant = match word {
            "pi" => Some(std::f64::consts::PI),
            "e" => Some(std::f64::consts::E),
            _ => None,
        };
        let is_variable = word[1..].bytes().all(|byte| byte.is_ascii_digit()) && word.len() <= 7;
        if constant.is_none() && !is_variable {
            return fault(at, unknown(word));
        }
        if self.peek() == Token::Sign('(') {
            return fault(self.at(), format!("'{word}' is not a function; for a product write {word}*(...)"));
        }
        if let Some(constant) = constant {
            return Ok(self.push(Op::Constant(constant)));
        }
        if word == "t" {
            return Ok(self.push(Op::Step));
        }
        let number = match self.variables.iter().position(|known| *known == word) {
            Some(number) => number,
            None if self.variables.len() == MAX_VARIABLES => {
                return fault(at, format!("it has more than {MAX_VARIABLES} variables"));
            }
            None => {
                self.variables.push(word);
                self.variables.len() - 1
            }
        };
        Ok(self.push(Op::Variable(number)))
    }

    /// `min(a, b, ...)`.
    fn extreme(&mut self, at: usize, word: &str) -> Result<usize, Fault> {
        let bracket = self.at();
        if !self.take('(') {
            return fault(bracket, format!("{word} is a function: write {word}(..., ...)"));
        }
        let mut left = self.deeper(Self::sum)?;
        if self.peek() != Token::Sign(',') {
            self.close(bracket)?;
            return fault(at, format!("{word} takes two arguments or more"));
        }
        while self.take(',') {
            let right = self.deeper(Self::sum)?;
            left = self.push(if word == "min" { Op::Min(left, right) } else { Op::Max(left, right) });
        }
        self.close(bracket)?;
        Ok(left)
    }
}

fn named(name: &str) -> &'static super::function::Function {
    FUNCTIONS.iter().find(|function| function.names[0] == name).expect("the function is in the table")
}

fn unknown(word: &str) -> String {
    let names = FUNCTIONS.iter().flat_map(|function| function.names).chain(&["min", "max", "pi"]).copied();
    let hint = match ravine::catalogue::nearest(word, names) {
        Some(name) => format!("did you mean '{name}'?"),
        None => "a variable is a letter, with or without a number: x, y, x1; for a product write *".into(),
    };
    format!("unknown name '{word}': {hint}")
}
