//! Room for many small runs of bytes that grow: blocks of a few sizes in pages, without an allocation for each.
//!
//! # Place
//!
//! Under `history`: a shipment's entries are one block.
//!
//! # Method
//!
//! A page holds blocks of one class. Classes are 8 bytes apart up to 512 bytes, then a quarter apart, so that
//! little of a block is unused. A page that has no block left goes to whichever class wants one next: where
//! many runs grow together, the pages of the sizes they have outgrown are used again. What is larger than a
//! quarter of a page has a page of its own size.
//!
//! ```text
//! handle   page (19 bits) | block within it (13 bits)
//! free     a list through the first two bytes of each free block
//! ```
//!
//! # Holds
//!
//! - Taking and giving back a block costs the same however many there are.
//! - No page is more than a page: growing copies nothing but the block that moves.

/// Bytes of a page.
const PAGE_SIZE: usize = 1 << 16;

/// Bits of a handle that say which block of the page.
const SLOT_BITS: u32 = 13;

/// Sizes are multiples of it.
const STEP: usize = 8;

/// Up to here classes are one step apart.
const STEPPED_MAX: usize = 512;

/// Larger blocks have a page of their own.
const SHARED_MAX: usize = PAGE_SIZE / 4;

/// The end of a list of free blocks.
const END: u16 = u16::MAX;

/// The class of a page that no class has.
const NO_CLASS: u8 = u8::MAX;

/// Classes.
const CLASSES: usize = SIZES.len();

/// Bytes of a block of each class.
const SIZES: [usize; 98] = {
    let mut sizes = [0; 98];
    let mut class = 0;
    let mut size = 0;
    while class < sizes.len() {
        size += STEP;
        if STEPPED_MAX < size {
            size = (size + size / 4).div_ceil(STEP) * STEP;
        }
        sizes[class] = size;
        class += 1;
    }
    sizes
};

const _: () = assert!(PAGE_SIZE / STEP <= 1 << SLOT_BITS);

/// The largest block.
pub const BLOCK_SIZE_MAX: usize = SIZES[CLASSES - 1];

/// Which block.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Handle(u32);

#[derive(Debug)]
struct Page {
    bytes: Box<[u8]>,
    class: u8,
    /// The first free block, and how many blocks were ever taken.
    free: u16,
    made: u16,
    live: u16,
}

/// Blocks.
#[derive(Debug)]
pub struct Blocks {
    pages: Vec<Page>,
    /// Pages of each class that have room, some of them no longer: looked at when taken.
    roomy: [Vec<u32>; CLASSES],
    /// Pages of the common size that no class has, and places of pages that were larger.
    vacant: Vec<u32>,
    unused: Vec<u32>,
    /// Bytes of all pages.
    size: usize,
}

impl Default for Blocks {
    fn default() -> Self {
        Self {
            pages: Vec::new(),
            roomy: core::array::from_fn(|_| Vec::new()),
            vacant: Vec::new(),
            unused: Vec::new(),
            size: 0,
        }
    }
}

/// The class of blocks of at least so many bytes.
fn class_of(size: usize) -> u8 {
    assert!(size <= BLOCK_SIZE_MAX);
    let class = if size <= STEPPED_MAX {
        size.div_ceil(STEP).max(1) - 1
    } else {
        SIZES.partition_point(|&it| it < size)
    };
    debug_assert!(size <= SIZES[class]);
    class as u8
}

/// Blocks of a page.
const fn count_of(class: u8) -> u16 {
    let count = PAGE_SIZE / SIZES[class as usize];
    if SHARED_MAX < SIZES[class as usize] { 1 } else { count as u16 }
}

impl Blocks {
    /// A block of at least so many bytes; what it holds is nobody's.
    pub fn take(&mut self, size: usize) -> Handle {
        let class = class_of(size);
        let index = self.roomy_page(class);
        let page = &mut self.pages[index as usize];
        let size = SIZES[usize::from(class)];
        let slot = if page.free == END {
            page.made += 1;
            page.made - 1
        } else {
            let start = usize::from(page.free) * size;
            let next = u16::from_le_bytes([page.bytes[start], page.bytes[start + 1]]);
            core::mem::replace(&mut page.free, next)
        };
        page.live += 1;
        if page.live == count_of(class) {
            self.roomy[usize::from(class)].pop();
        }
        Handle(index << SLOT_BITS | u32::from(slot))
    }

    /// A larger block with what the first and the last bytes of another one hold, at its own two ends.
    pub fn take_copy(
        &mut self,
        from: Handle,
        size: usize,
        (first, last): (usize, usize),
    ) -> Handle {
        let target = self.take(size);
        let ((source_page, source_slot), (target_page, target_slot)) =
            (place_of(from), place_of(target));
        // A page has one class, and the larger block is of another.
        let [source, copy] = self
            .pages
            .get_disjoint_mut([source_page, target_page])
            .unwrap_or_else(|_| unreachable!("a larger block is on another page"));
        let from_size = SIZES[usize::from(source.class)];
        let to_size = SIZES[usize::from(copy.class)];
        let source = &source.bytes[source_slot * from_size..(source_slot + 1) * from_size];
        let copy = &mut copy.bytes[target_slot * to_size..(target_slot + 1) * to_size];
        copy[..first].copy_from_slice(&source[..first]);
        copy[to_size - last..].copy_from_slice(&source[from_size - last..]);
        target
    }

    /// Gives a block back.
    pub fn give(&mut self, handle: Handle) {
        let (index, slot) = place_of(handle);
        let page = &mut self.pages[index];
        let class = usize::from(page.class);
        let start = slot * SIZES[class];
        if page.live == count_of(page.class) {
            self.roomy[class].push(index as u32);
        }
        page.bytes[start..start + 2].copy_from_slice(&page.free.to_le_bytes());
        page.free = slot as u16;
        page.live -= 1;
        if page.live != 0 {
            return;
        }
        page.class = NO_CLASS;
        if SHARED_MAX < SIZES[class] {
            self.size -= page.bytes.len();
            page.bytes = Box::default();
            self.unused.push(index as u32);
        } else {
            self.vacant.push(index as u32);
        }
    }

    /// The bytes of a block, all of them.
    #[must_use]
    pub fn get(&self, handle: Handle) -> &[u8] {
        let (index, slot) = place_of(handle);
        let page = &self.pages[index];
        let size = SIZES[usize::from(page.class)];
        &page.bytes[slot * size..(slot + 1) * size]
    }

    /// The bytes of a block, to be written.
    pub fn get_mut(&mut self, handle: Handle) -> &mut [u8] {
        let (index, slot) = place_of(handle);
        let page = &mut self.pages[index];
        let size = SIZES[usize::from(page.class)];
        &mut page.bytes[slot * size..(slot + 1) * size]
    }

    /// Bytes taken from the allocator.
    #[must_use]
    pub fn memory_size(&self) -> usize {
        let lists = self.roomy.iter().chain([&self.vacant, &self.unused]);
        let lists: usize = lists.map(|list| 4 * list.capacity()).sum();
        self.size + self.pages.capacity() * size_of::<Page>() + lists
    }

    /// A page of a class with room; it is the last of its list.
    fn roomy_page(&mut self, class: u8) -> u32 {
        let list = &mut self.roomy[usize::from(class)];
        // Ends: each turn shortens the list.
        while let Some(&index) = list.last() {
            let page = &self.pages[index as usize];
            if page.class == class && page.live < count_of(class) {
                return index;
            }
            list.pop();
        }
        let index = self.new_page(class);
        self.roomy[usize::from(class)].push(index);
        index
    }

    fn new_page(&mut self, class: u8) -> u32 {
        let size = SIZES[usize::from(class)];
        let is_shared = size <= SHARED_MAX;
        if is_shared && let Some(index) = self.vacant.pop() {
            let page = &mut self.pages[index as usize];
            (page.class, page.free, page.made) = (class, END, 0);
            return index;
        }
        let size = if is_shared { PAGE_SIZE } else { size };
        self.size += size;
        let bytes = vec![0; size].into_boxed_slice();
        let page = Page { bytes, class, free: END, made: 0, live: 0 };
        if let Some(index) = self.unused.pop() {
            self.pages[index as usize] = page;
            return index;
        }
        let index = self.pages.len() as u32;
        assert!(index >> (u32::BITS - SLOT_BITS) == 0, "memory ends before handles do");
        self.pages.push(page);
        index
    }
}

const fn place_of(handle: Handle) -> (usize, usize) {
    ((handle.0 >> SLOT_BITS) as usize, (handle.0 & ((1 << SLOT_BITS) - 1)) as usize)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn classes_waste_little() {
        assert_eq!(SIZES[..3], [8, 16, 24]);
        assert_eq!(SIZES[63..66], [512, 656, 832]);
        for size in (1..BLOCK_SIZE_MAX).step_by(7) {
            let class = usize::from(class_of(size));
            assert!(size <= SIZES[class] && (class == 0 || SIZES[class - 1] < size), "{size}");
        }
    }

    #[test]
    fn pages_that_were_outgrown_are_used_again() {
        let mut blocks = Blocks::default();
        let mut handles: Vec<Handle> = (0..10_000).map(|_| blocks.take(16)).collect();
        for size in [32, 48, 64, 80, 96, 112, 128] {
            for handle in &mut handles {
                let larger = blocks.take(size);
                blocks.give(*handle);
                *handle = larger;
            }
        }
        let (found, used) = (blocks.memory_size(), 10_000 * 128);
        assert!(found < used + used / 8 + 4 * PAGE_SIZE, "{found}");
        handles.into_iter().for_each(|handle| blocks.give(handle));
        let before = blocks.memory_size();
        let _large = blocks.take(BLOCK_SIZE_MAX);
        assert!(before + BLOCK_SIZE_MAX <= blocks.memory_size());
    }

    proptest! {
        /// The model: a vector of bytes for each block.
        #[test]
        fn blocks_keep_what_is_written(
            steps in prop::collection::vec((any::<u16>(), 1_usize..6_000, any::<bool>()), 0..400),
        ) {
            let mut blocks = Blocks::default();
            let mut model: Vec<(Handle, Vec<u8>)> = Vec::new();
            for (word, size, is_long) in steps {
                if word % 3 == 0 && !model.is_empty() {
                    let (handle, bytes) = model.swap_remove(usize::from(word) % model.len());
                    prop_assert_eq!(&blocks.get(handle)[..bytes.len()], &bytes[..]);
                    blocks.give(handle);
                    continue;
                }
                let size = if is_long { 3 * size } else { size % 400 + 1 };
                let handle = blocks.take(size);
                let bytes = vec![word as u8; size];
                blocks.get_mut(handle)[..size].copy_from_slice(&bytes);
                model.push((handle, bytes));
            }
            for (handle, bytes) in model {
                prop_assert_eq!(&blocks.get(handle)[..bytes.len()], &bytes[..]);
            }
        }
    }
}
