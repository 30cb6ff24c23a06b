//! A receiver of messages that can be told to fail.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use super::binary::PATIENCE;

/// What the receiver was sent.
#[derive(Clone, Debug)]
pub(crate) struct Posted {
    pub(crate) fields: Vec<(String, String)>,
    pub(crate) body: String,
}

impl Posted {
    pub(crate) fn field(&self, name: &str) -> Option<&str> {
        let mut fields = self.fields.iter();
        fields
            .find(|(known, _)| known == name)
            .map(|(_, value)| value.as_str())
    }
}

/// A receiver on a port of its own.
pub(crate) struct Receiver {
    pub(crate) address: SocketAddr,
    posted: Arc<Mutex<Vec<Posted>>>,
    answer: Arc<Mutex<Answer>>,
    hung_up: Arc<AtomicUsize>,
}

/// How the receiver answers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Answer {
    /// With this status.
    Status(u16),
    /// Not before it is told otherwise.
    Held,
    /// It takes the first message and hangs up before it answers; then it takes all.
    HangUpOnce,
}

impl Receiver {
    pub(crate) fn start(answer: Answer) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let receiver = Self {
            address: listener.local_addr().unwrap(),
            posted: Arc::default(),
            answer: Arc::new(Mutex::new(answer)),
            hung_up: Arc::default(),
        };
        let (posted, answer) = (Arc::clone(&receiver.posted), Arc::clone(&receiver.answer));
        let hung_up = Arc::clone(&receiver.hung_up);
        // It ends with the test's process.
        std::thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                let _gone = take(stream, &answer, &posted, &hung_up);
            }
        });
        receiver
    }

    pub(crate) fn answers(&self, answer: Answer) {
        *self.answer.lock().unwrap() = answer;
    }

    /// How many messages came that were not taken away yet.
    pub(crate) fn waiting(&self) -> usize {
        self.posted.lock().unwrap().len()
    }

    /// What was sent since this was asked last.
    pub(crate) fn take(&self) -> Vec<Posted> {
        std::mem::take(&mut self.posted.lock().unwrap())
    }
}

fn take(
    mut stream: TcpStream,
    answer: &Mutex<Answer>,
    posted: &Mutex<Vec<Posted>>,
    hung_up: &AtomicUsize,
) -> std::io::Result<()> {
    stream.set_read_timeout(Some(PATIENCE))?;
    let mut reader = BufReader::new(stream.try_clone()?);
    let mut line = String::new();
    reader.read_line(&mut line)?;
    let mut fields = Vec::new();
    loop {
        line.clear();
        reader.read_line(&mut line)?;
        let Some((name, value)) = line.trim_end().split_once(": ") else {
            break;
        };
        fields.push((name.to_lowercase(), value.to_owned()));
    }
    let length = fields.iter().find(|(name, _)| name == "content-length");
    let mut body = vec![0; length.map_or(0, |(_, length)| length.parse().unwrap())];
    reader.read_exact(&mut body)?;
    let body = String::from_utf8(body).unwrap();
    posted.lock().unwrap().push(Posted { fields, body });
    let status = match decided(answer) {
        Answer::Status(status) => status,
        Answer::Held => return Ok(()),
        Answer::HangUpOnce if hung_up.fetch_add(1, Ordering::Relaxed) == 0 => return Ok(()),
        Answer::HangUpOnce => 204,
    };
    write!(
        stream,
        "HTTP/1.1 {status} x\r\nContent-Length: 0\r\nConnection: close\r\n\r\n"
    )
}

/// What is answered, once that is known.
fn decided(answer: &Mutex<Answer>) -> Answer {
    let begun = Instant::now();
    loop {
        let told = *answer.lock().unwrap();
        if told != Answer::Held || begun.elapsed() > PATIENCE {
            return told;
        }
        std::thread::sleep(Duration::from_millis(10));
    }
}
