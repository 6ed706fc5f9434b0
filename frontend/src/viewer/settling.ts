/** Promises that hold when nothing is under way any more: no frame due, no work on the GPU. */
export class Settling {
  private readonly waiting: (() => void)[] = []
  private running = 0

  constructor(private readonly isQuiet: () => boolean) {}

  begin(): void {
    this.running++
  }

  end(): void {
    this.running--
    this.check()
  }

  check(): void {
    if (this.waiting.length === 0 || this.running > 0 || !this.isQuiet()) return
    for (const resolve of this.waiting.splice(0)) resolve()
  }

  settled(): Promise<void> {
    return new Promise((resolve) => {
      this.waiting.push(resolve)
      this.check()
    })
  }

  /** Nobody waits for a view that is gone. */
  dispose(): void {
    for (const resolve of this.waiting.splice(0)) resolve()
  }
}
