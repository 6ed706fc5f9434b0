type Callback<T> = (lock: Lock | null) => T | PromiseLike<T>

interface Held {
  readonly steal: () => void
}

/** The Web Locks that a lease uses: exclusive, `ifAvailable` and `steal`. */
export class MemoryLocks implements LockManager {
  private readonly held = new Map<string, Held>()

  /** The browser takes back the locks of tabs that died. */
  drop(): void {
    this.held.clear()
  }

  query(): Promise<LockManagerSnapshot> {
    return Promise.resolve({ held: [...this.held.keys()].map((name) => ({ name })), pending: [] })
  }

  request<T>(name: string, callback: Callback<T>): Promise<T>
  request<T>(name: string, options: LockOptions, callback: Callback<T>): Promise<T>
  async request<T>(name: string, options: LockOptions | Callback<T>, then?: Callback<T>): Promise<T> {
    if (typeof options === 'function' || then === undefined) throw new Error('not in these locks')
    await Promise.resolve()
    const holder = this.held.get(name)
    if (holder !== undefined && options.steal !== true) return then(null)
    holder?.steal()
    let mine: Held | null = null
    const stolen = new Promise<never>((_resolve, reject) => {
      mine = { steal: () => reject(new DOMException('stolen', 'AbortError')) }
      this.held.set(name, mine)
    })
    try {
      return await Promise.race([then({ name, mode: 'exclusive' }), stolen])
    } finally {
      if (this.held.get(name) === mine) this.held.delete(name)
    }
  }
}
