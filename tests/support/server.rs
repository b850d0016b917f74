//! A web server on the loopback interface that answers as a test says, faults included.

use std::collections::BTreeMap;
use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

/// What the server does with a request.
pub enum Answer {
    /// A whole answer with its length.
    Whole { status: u16, kind: &'static str, body: Vec<u8> },
    /// Announces the length of the whole body and closes half-way.
    Truncated(Vec<u8>),
    /// The first half in chunks, then the connection breaks.
    BrokenChunks(Vec<u8>),
    /// Accepts and says nothing.
    Silent,
    /// One byte now and then, for ever.
    Drip,
    /// Sends on to an address.
    Redirect(String),
    /// Announces so many bytes and sends them while the client wants them.
    Claims(u64),
    /// Chunks without end.
    Endless,
}

impl Answer {
    pub fn xml(body: &[u8]) -> Self {
        Answer::Whole { status: 200, kind: "application/xml", body: body.to_vec() }
    }

    pub fn json(body: &str) -> Self {
        Answer::Whole { status: 200, kind: "application/json", body: body.as_bytes().to_vec() }
    }

    pub fn page(status: u16) -> Self {
        let body = b"<!DOCTYPE html>\n<html><head><title>Something went\nwrong</title></head><body/></html>".to_vec();
        Answer::Whole { status, kind: "text/html; charset=utf-8", body }
    }
}

type Handler = Box<dyn Fn(&str, usize) -> Answer + Send + Sync>;

/// Runs until it is dropped.
pub struct Server {
    address: SocketAddr,
    requests: Arc<Mutex<BTreeMap<String, usize>>>,
    stop: Arc<AtomicBool>,
}

impl Server {
    /// Answers each request by path with query, and by how often that was asked for before.
    pub fn start(handler: impl Fn(&str, usize) -> Answer + Send + Sync + 'static) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
        let address = listener.local_addr().expect("its address");
        let requests = Arc::new(Mutex::new(BTreeMap::new()));
        let stop = Arc::new(AtomicBool::new(false));
        let handler: Arc<Handler> = Arc::new(Box::new(handler));
        let (log, stopped) = (Arc::clone(&requests), Arc::clone(&stop));
        std::thread::spawn(move || {
            for stream in listener.incoming() {
                if stopped.load(Ordering::SeqCst) {
                    break;
                }
                let (handler, log) = (Arc::clone(&handler), Arc::clone(&log));
                if let Ok(stream) = stream {
                    std::thread::spawn(move || answer(stream, &handler, &log));
                }
            }
        });
        Self { address, requests, stop }
    }

    pub fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    /// How many requests came in all.
    pub fn count(&self) -> usize {
        self.requests.lock().expect("the log").values().sum()
    }

    /// How many requests came for paths that contain a text.
    pub fn count_of(&self, part: &str) -> usize {
        let log = self.requests.lock().expect("the log");
        log.iter().filter(|(path, _)| path.contains(part)).map(|(_, count)| count).sum()
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.stop.store(true, Ordering::SeqCst);
        // Wakes the thread that waits for a connection.
        let _ = TcpStream::connect(self.address);
    }
}

fn answer(mut stream: TcpStream, handler: &Handler, log: &Mutex<BTreeMap<String, usize>>) {
    let Some(path) = request(&stream) else { return };
    let before = {
        let mut log = log.lock().expect("the log");
        let count = log.entry(path.clone()).or_insert(0);
        *count += 1;
        *count - 1
    };
    // A client that has gone is no failure of the server.
    let _ = match handler(&path, before) {
        Answer::Whole { status, kind, body } => {
            let head = format!(
                "HTTP/1.1 {status} Words\r\nContent-Type: {kind}\r\nContent-Length: {}\r\nConnection: close\r\n\r\n",
                body.len()
            );
            stream.write_all(head.as_bytes()).and_then(|()| stream.write_all(&body))
        }
        Answer::Truncated(body) => {
            let head = format!("HTTP/1.1 200 OK\r\nContent-Length: {}\r\nConnection: close\r\n\r\n", body.len());
            stream.write_all(head.as_bytes()).and_then(|()| stream.write_all(&body[..body.len() / 2]))
        }
        Answer::BrokenChunks(body) => {
            let half = &body[..body.len() / 2];
            let head = format!(
                "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nConnection: close\r\n\r\n{:x}\r\n",
                body.len()
            );
            stream.write_all(head.as_bytes()).and_then(|()| stream.write_all(half))
        }
        Answer::Silent => wait_for_end(&mut stream),
        Answer::Drip => drip(&mut stream),
        Answer::Redirect(to) => {
            let head =
                format!("HTTP/1.1 302 Found\r\nLocation: {to}\r\nContent-Length: 0\r\nConnection: close\r\n\r\n");
            stream.write_all(head.as_bytes())
        }
        Answer::Claims(length) => {
            let head = format!("HTTP/1.1 200 OK\r\nContent-Length: {length}\r\nConnection: close\r\n\r\n");
            stream.write_all(head.as_bytes()).and_then(|()| pour(&mut stream, length))
        }
        Answer::Endless => {
            let head = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nConnection: close\r\n\r\n";
            stream.write_all(head.as_bytes()).and_then(|()| pour_chunks(&mut stream))
        }
    };
}

/// The path and query of a request, its headers read and forgotten.
fn request(stream: &TcpStream) -> Option<String> {
    let mut lines = BufReader::new(stream).lines();
    let first = lines.next()?.ok()?;
    let path = first.split(' ').nth(1)?.to_owned();
    for line in lines {
        if line.ok()?.is_empty() {
            return Some(path);
        }
    }
    None
}

fn wait_for_end(stream: &mut TcpStream) -> std::io::Result<()> {
    stream.set_read_timeout(Some(Duration::from_secs(30)))?;
    let mut byte = [0];
    while stream.read(&mut byte)? > 0 {}
    Ok(())
}

fn drip(stream: &mut TcpStream) -> std::io::Result<()> {
    stream.write_all(b"HTTP/1.1 200 OK\r\nContent-Length: 1000000\r\nConnection: close\r\n\r\n<")?;
    for _ in 0..1000 {
        stream.write_all(b" ")?;
        std::thread::sleep(Duration::from_millis(20));
    }
    Ok(())
}

fn pour(stream: &mut TcpStream, length: u64) -> std::io::Result<()> {
    let block = vec![b' '; 64 * 1024];
    for _ in 0..=length / block.len() as u64 {
        stream.write_all(&block)?;
    }
    Ok(())
}

fn pour_chunks(stream: &mut TcpStream) -> std::io::Result<()> {
    let block = [b"10000\r\n".as_slice(), &vec![b' '; 0x10000], b"\r\n"].concat();
    loop {
        stream.write_all(&block)?;
    }
}
