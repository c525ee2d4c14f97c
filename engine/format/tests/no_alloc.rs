//! A warm decoder reads JSON without asking for memory.

use std::alloc::{GlobalAlloc, Layout, System};
use std::cell::Cell;
use std::fmt::Write as _;

use crossdock_format::{DecodeLimits, Decoder, Format, NumberText, Splitter, pad};

thread_local! {
    static ALLOCATION_COUNT: Cell<usize> = const { Cell::new(0) };
}

/// The system's allocator, counting what each thread asks for.
struct Counting;

// SAFETY: every call is handed to the system's allocator unchanged; counting touches no memory but a thread-local cell
// that needs neither allocation nor a destructor.
#[expect(unsafe_code, reason = "counting allocations needs an allocator")]
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        ALLOCATION_COUNT.with(|count| count.set(count.get() + 1));
        // SAFETY: the caller's promise about `layout` is passed on.
        unsafe { System.alloc(layout) }
    }

    unsafe fn dealloc(&self, pointer: *mut u8, layout: Layout) {
        // SAFETY: the pointer came from `System` with this layout.
        unsafe { System.dealloc(pointer, layout) }
    }

    unsafe fn realloc(&self, pointer: *mut u8, layout: Layout, size: usize) -> *mut u8 {
        ALLOCATION_COUNT.with(|count| count.set(count.get() + 1));
        // SAFETY: the pointer came from `System` with this layout; the caller's promise about `size` is passed on.
        unsafe { System.realloc(pointer, layout, size) }
    }
}

#[global_allocator]
static ALLOCATOR: Counting = Counting;

fn document(number: usize) -> String {
    let mut text = String::from("{\"events\":[");
    for event in 0..=number % 7 {
        let comma = if event == 0 { "" } else { "," };
        write!(
            text,
            "{comma}{{\"n\":{number},\"t\":\"caf\\u00e9 \\\"{event}\\\"\",\"x\":[1.5,true,null]}}"
        )
        .expect("writing to memory");
    }
    text.push_str("]}");
    text
}

/// Reads every document and all its numbers; the count of what was asked for meanwhile.
fn read(decoder: &mut Decoder, format: &Format, payload: &mut [u8], size: usize) -> usize {
    let before = ALLOCATION_COUNT.get();
    let mut splitter = Splitter::new(format, &payload[..size]);
    let mut document_count = 0;
    let mut text_size = 0;
    while let Some(range) = splitter.next_range(&payload[..size]) {
        let bytes = &mut payload[range.start..];
        let document = decoder.decode_padded(format, bytes, range.len()).expect("json");
        let tape = document.view();
        let events = tape.get(0, "events").expect("events");
        for event in tape.elements(events) {
            let number = tape.get(event, "n").expect("a number");
            text_size += tape.scalar(number, &mut NumberText::new()).map_or(0, str::len);
        }
        document_count += 1;
    }
    assert!(0 < document_count && document_count <= text_size);
    ALLOCATION_COUNT.get() - before
}

#[test]
fn a_warm_decoder_asks_for_no_memory() {
    let mut decoder = Decoder::new(DecodeLimits::default());
    let payload: String = (0..200).map(|number| document(number) + "\n").collect();
    let warm_up = || {
        let mut bytes = payload.clone().into_bytes();
        let size = pad(&mut bytes);
        (bytes, size)
    };
    let (mut first, size) = warm_up();
    assert!(0 < read(&mut decoder, &Format::Ndjson, &mut first, size));
    let (mut second, size) = warm_up();
    assert_eq!(read(&mut decoder, &Format::Ndjson, &mut second, size), 0);

    // Without padding simd-json copies, also into storage that it keeps.
    let mut single = document(6).into_bytes();
    let size = single.len();
    read(&mut decoder, &Format::Json, &mut single.clone(), size);
    assert_eq!(read(&mut decoder, &Format::Json, &mut single, size), 0);
}
