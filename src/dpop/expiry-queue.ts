interface Entry {
  readonly key: string
  readonly end: number
}

/** Keys in the order in which they end: a binary heap, so that neither adding nor taking looks at all of them. */
export class ExpiryQueue {
  readonly #heap: Entry[] = []

  /** Adds a key that ends at an instant. */
  add(key: string, end: number): void {
    const heap = this.#heap
    let index = heap.length
    while (index > 0) {
      const parent = (index - 1) >> 1
      if ((heap[parent] as Entry).end <= end) break
      heap[index] = heap[parent] as Entry
      index = parent
    }
    heap[index] = { key, end }
  }

  /** Takes out the key that ends first, if it has ended by then. */
  takeUntil(now: number): string | undefined {
    const heap = this.#heap
    const first = heap[0]
    if (first === undefined || !(first.end <= now)) return undefined
    const last = heap.pop() as Entry
    if (heap.length > 0) this.#sink(last)
    return first.key
  }

  #sink(entry: Entry): void {
    const heap = this.#heap
    let index = 0
    for (;;) {
      let child = 2 * index + 1
      const other = heap[child + 1]
      if (other !== undefined && other.end < (heap[child] as Entry).end) child += 1
      const smaller = heap[child]
      if (smaller === undefined || entry.end <= smaller.end) break
      heap[index] = smaller
      index = child
    }
    heap[index] = entry
  }
}
