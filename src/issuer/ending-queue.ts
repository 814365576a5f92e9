interface Item<T> {
  readonly value: T
  readonly endsAt: number
}

/** Gives out values in the order in which they end; a step costs the logarithm of how many there are. */
export class EndingQueue<T> {
  // A binary heap: none ends before its parent, which is at half its index.
  #heap: Item<T>[] = []

  get size(): number {
    return this.#heap.length
  }

  add(value: T, endsAt: number): void {
    const heap = this.#heap
    let index = heap.length
    while (index > 0) {
      const parent = (index - 1) >> 1
      const above = heap[parent] as Item<T>
      if (above.endsAt <= endsAt) break
      heap[index] = above
      index = parent
    }
    heap[index] = { value, endsAt }
  }

  /** Takes out a value that has ended, if there is one. */
  takeEnded(now: number): T | undefined {
    const heap = this.#heap
    const [first] = heap
    if (first === undefined || now < first.endsAt) return undefined
    const last = heap.pop() as Item<T>
    if (heap.length > 0) this.#sink(last)
    return first.value
  }

  /** Holds these values alone from now on. */
  restart(values: Iterable<readonly [value: T, ending: { readonly endsAt: number }]>): void {
    this.#heap = Array.from(values, ([value, { endsAt }]) => ({ value, endsAt })).sort(
      (a, b) => a.endsAt - b.endsAt,
    )
  }

  #sink(item: Item<T>): void {
    const heap = this.#heap
    let index = 0
    for (;;) {
      const left = 2 * index + 1
      const right = left + 1
      const child = endOf(heap[right]) < endOf(heap[left]) ? right : left
      const below = heap[child]
      if (below === undefined || item.endsAt <= below.endsAt) break
      heap[index] = below
      index = child
    }
    heap[index] = item
  }
}

function endOf(item: { readonly endsAt: number } | undefined): number {
  return item?.endsAt ?? Infinity
}
