/** Hands out numbered pages of a texture to keys; when none is free, the longest unused one that is not pinned. */
export class PagePool {
  private readonly pages = new Map<number, number>()
  private readonly free: number[] = []

  constructor(readonly capacity: number) {
    for (let page = capacity - 1; page >= 0; page--) this.free.push(page)
  }

  get count(): number {
    return this.pages.size
  }

  get(key: number): number | undefined {
    return this.pages.get(key)
  }

  has(key: number): boolean {
    return this.pages.has(key)
  }

  touch(key: number): void {
    const page = this.pages.get(key)
    if (page === undefined) return
    this.pages.delete(key)
    this.pages.set(key, page)
  }

  /** A page for `key`, or null when all are pinned. */
  take(key: number, isPinned: (key: number) => boolean): number | null {
    const own = this.pages.get(key)
    if (own !== undefined) return own
    const page = this.free.pop() ?? this.reclaim(isPinned)
    if (page === null) return null
    this.pages.set(key, page)
    return page
  }

  drop(key: number): void {
    const page = this.pages.get(key)
    if (page === undefined) return
    this.pages.delete(key)
    this.free.push(page)
  }

  keys(): IterableIterator<number> {
    return this.pages.keys()
  }

  private reclaim(isPinned: (key: number) => boolean): number | null {
    for (const [key, page] of this.pages) {
      if (isPinned(key)) continue
      this.pages.delete(key)
      return page
    }
    return null
  }
}
