import type { SegmentChange, TilePatch } from '../labelmap/stroke-body'
import { inversePatches, inverseSegments } from './entry'

/** What a revision of one's own did, as far as it is known here: enough to show its undo before the server has done it. */
export interface Effect {
  readonly patches: readonly TilePatch[]
  readonly segments: readonly SegmentChange[]
}

type Kind = 'stroke' | 'undo' | 'redo'

interface Step {
  key: string
  kind: Kind
  isUndone: boolean
}

const MAX_RUNS_KEPT = 2_000_000

/**
 * One's own revisions of this session in order, and the keys that the server named for what lies before them. The rule is the
 * server's: undo takes the newest step of even depth that is not undone, redo the newest of odd depth after the last stroke.
 */
export class History {
  private steps: Step[] = []
  private server: { undo: string | null; redo: string | null } = { undo: null, redo: null }
  private readonly effects = new Map<string, Effect>()
  private isUsedUp = false
  private runsKept = 0

  get undoKey(): string | null {
    return this.newest('undo')?.key ?? this.server.undo
  }

  get redoKey(): string | null {
    const step = this.newest('redo')
    if (step !== null) return step.key
    return this.steps.some(({ kind }) => kind === 'stroke') ? null : this.server.redo
  }

  /** True when only the server knows what can be undone next. Changes with each step, so that a late answer is noticed. */
  get needsServer(): boolean {
    return this.isUsedUp
  }

  get length(): number {
    return this.steps.length
  }

  /** A new step: a stroke, or what undoes `undoes` (an undo if that was none, else a redo). */
  add(key: string, undoes: string | undefined): void {
    this.steps.push({ key, kind: undoes === undefined ? 'stroke' : this.take(undoes), isUndone: false })
  }

  /** Something happened that only the server can put in order: an operation, a proposal, another tab. */
  askServer(): void {
    this.isUsedUp = true
  }

  /** Starts over from what the server says; only when nothing is unsent. */
  reset(keys: { undo: string | null; redo: string | null }): void {
    this.steps = []
    this.server = { ...keys }
    this.isUsedUp = false
  }

  remember(key: string, effect: Effect): void {
    this.forget(key)
    this.effects.set(key, effect)
    this.runsKept += runsOf(effect)
    for (const [oldest, old] of this.effects) {
      if (this.runsKept <= MAX_RUNS_KEPT) break
      this.effects.delete(oldest)
      this.runsKept -= runsOf(old)
    }
  }

  /** What undoing `key` will do; null when only the server knows. */
  inverse(key: string): Effect | null {
    const effect = this.effects.get(key)
    if (effect === undefined) return null
    return { patches: inversePatches(effect.patches), segments: inverseSegments(effect.segments) }
  }

  /** An unsent entry has become another one. */
  rename(from: string, to: string): void {
    for (const step of this.steps) if (step.key === from) step.key = to
    const effect = this.effects.get(from)
    if (effect === undefined) return
    this.forget(from)
    this.remember(to, effect)
  }

  /** An unsent entry is given up; `undoes` is what it would have undone. */
  remove(key: string, undoes: string | undefined): void {
    this.steps = this.steps.filter((step) => step.key !== key)
    for (const step of this.steps) if (step.key === undoes) step.isUndone = false
    this.forget(key)
  }

  /** What is known of effects holds no longer: the server decides what an undo does. */
  forgetEffects(): void {
    this.effects.clear()
    this.runsKept = 0
  }

  private forget(key: string): void {
    const effect = this.effects.get(key)
    if (effect === undefined) return
    this.effects.delete(key)
    this.runsKept -= runsOf(effect)
  }

  private newest(what: 'undo' | 'redo'): Step | null {
    for (const step of this.steps.toReversed()) {
      if (what === 'undo' && step.kind !== 'undo' && !step.isUndone) return step
      if (what === 'redo' && step.kind === 'stroke') return null
      if (what === 'redo' && step.kind === 'undo' && !step.isUndone) return step
    }
    return null
  }

  private take(key: string): Kind {
    const step = this.steps.find((candidate) => candidate.key === key)
    if (step !== undefined) {
      step.isUndone = true
      return step.kind === 'undo' ? 'redo' : 'undo'
    }
    this.isUsedUp = true
    const isRedo = this.server.redo === key
    if (isRedo) this.server.redo = null
    else if (this.server.undo === key) this.server.undo = null
    return isRedo ? 'redo' : 'undo'
  }
}

function runsOf({ patches }: Effect): number {
  return patches.reduce((sum, { patch }) => sum + patch.starts.length, 1)
}
