import { createStore, type StoreApi } from 'zustand'
import { ApiProblem } from '../../api/http'
import { cancelJob, hasEnded, type Job } from '../../api/jobs'
import {
  acceptProposal,
  dropProposal,
  type Proposal,
  type ProposalRequest,
  propose,
  readOpenProposals,
  readProposal,
  readProposalTiles,
} from '../../api/proposals'
import { newUuid } from '../../api/uuid'
import { finishedJob } from '../../api/watch-job'
import type { Shape } from '../../geometry/grid'
import { decodeTilesBody } from '../../labelmap/tiles-body'
import { sentenceOf } from '../../panels/problem-note'
import { say } from '../../panels/toast'
import type { OpenDocument } from '../../store/document'
import { assistText } from '../../strings'
import { instanceColor } from '../../viewer/lut'
import type { Viewer } from '../../viewer/viewer'

export type ProposalState =
  | { readonly kind: 'none'; readonly problem: string | null }
  | { readonly kind: 'running'; readonly job: Job | null }
  | { readonly kind: 'ready'; readonly proposal: Proposal; readonly isBusy: boolean; readonly replace: boolean }

/** What a segmenter suggests for the open image: asked for, shown as a preview layer, then accepted or dropped. */
export class Proposals {
  readonly state: StoreApi<ProposalState> = createStore<ProposalState>(() => ({ kind: 'none', problem: null }))
  private readonly gone = new AbortController()

  constructor(
    private readonly document: OpenDocument,
    private readonly viewer: Viewer,
  ) {
    void this.readOpen()
  }

  private get segmentationId(): string {
    return this.document.state.getState().segmentation.id
  }

  /** Starts from what is saved: everything unsent is sent first. */
  async run(request: ProposalRequest): Promise<void> {
    if (this.state.getState().kind !== 'none') return
    this.set({ kind: 'running', job: null })
    try {
      await this.document.actions.settled()
      if (this.document.state.getState().pending > 0) {
        this.set({ kind: 'none', problem: assistText.unsaved })
        return
      }
      const asked = await propose(this.segmentationId, request, newUuid())
      const job = await finishedJob(asked.id, (next) => this.onJob(next), this.gone.signal)
      const proposalId = job.result?.proposal_id
      if (job.state === 'succeeded' && typeof proposalId === 'string') await this.show(await readProposal(proposalId))
      else if (job.state === 'cancelled') this.set({ kind: 'none', problem: null })
      else this.set({ kind: 'none', problem: job.problem?.detail ?? job.problem?.title ?? assistText.nothing })
    } catch (cause) {
      if (!this.gone.signal.aborted) this.set({ kind: 'none', problem: sentenceOf(cause) })
    }
  }

  stop(): void {
    const state = this.state.getState()
    if (state.kind !== 'running' || state.job === null) return
    cancelJob(state.job.id).catch((cause: unknown) => say(sentenceOf(cause), 'bad'))
  }

  /** Whether accepting also takes voxels where other segments are drawn. */
  setReplace(replace: boolean): void {
    const state = this.state.getState()
    if (state.kind === 'ready') this.set({ ...state, replace })
  }

  async accept(): Promise<void> {
    const state = this.state.getState()
    if (state.kind !== 'ready' || state.isBusy) return
    this.set({ ...state, isBusy: true })
    try {
      await this.document.actions.settled()
      const answer = await acceptProposal(state.proposal.id, state.replace, newUuid())
      if ('queue' in answer) await this.acceptedBy(answer)
      this.clear()
      await this.document.actions.refresh()
      say(assistText.accepted)
    } catch (cause) {
      const isStale = cause instanceof ApiProblem && cause.code === 'stale-voxels'
      say(isStale ? assistText.stale : sentenceOf(cause), 'bad')
      if (this.state.getState().kind === 'ready') this.set({ ...state, isBusy: false })
    }
  }

  async drop(): Promise<void> {
    const state = this.state.getState()
    if (state.kind !== 'ready' || state.isBusy) return
    this.set({ ...state, isBusy: true })
    try {
      await dropProposal(state.proposal.id)
      this.clear()
    } catch (cause) {
      say(sentenceOf(cause), 'bad')
      this.set({ ...state, isBusy: false })
    }
  }

  dispose(): void {
    this.gone.abort(new DOMException('the image was left', 'AbortError'))
  }

  private set(state: ProposalState): void {
    if (!this.gone.signal.aborted) this.state.setState(state, true)
  }

  private clear(): void {
    if (this.gone.signal.aborted) return
    this.viewer.setProposal(null)
    this.set({ kind: 'none', problem: null })
  }

  private onJob(job: Job): void {
    if (!hasEnded(job)) this.set({ kind: 'running', job })
  }

  /** A large proposal is accepted by a job. */
  private async acceptedBy(asked: Job): Promise<void> {
    const job = await finishedJob(asked.id, () => undefined, this.gone.signal)
    if (job.state === 'succeeded') return
    const { problem } = job
    throw new ApiProblem(0, problem?.code ?? 'job-failed', problem?.title ?? job.state, problem?.detail ?? '')
  }

  /** One that was left open by an earlier visit or came from elsewhere. */
  private async readOpen(): Promise<void> {
    try {
      const newest = (await readOpenProposals(this.segmentationId, this.gone.signal))[0]
      if (newest !== undefined && this.state.getState().kind === 'none') await this.show(newest)
    } catch (cause) {
      if (!this.gone.signal.aborted) this.set({ kind: 'none', problem: sentenceOf(cause) })
    }
  }

  private async show(proposal: Proposal): Promise<void> {
    const shape: Shape = this.document.labels.shape
    const body = await decodeTilesBody(new Uint8Array(await readProposalTiles(proposal.id)), shape)
    if (this.gone.signal.aborted) return
    const tiles = new Map(body.tiles.map(({ position: { k, tj, ti }, voxels }) => [`${k} ${tj} ${ti}`, voxels]))
    this.viewer.setProposal({ tile: (k, tj, ti) => tiles.get(`${k} ${tj} ${ti}`) ?? null }, colorsOf(proposal))
    this.set({ kind: 'ready', proposal, isBusy: false, replace: false })
  }
}

function colorsOf({ segments }: Proposal): { number: number; color: string }[] {
  return segments.flatMap(({ local, last_local, color }) => {
    if (last_local === local) return [{ number: local, color }]
    return Array.from({ length: last_local - local + 1 }, (_, index) => ({
      number: local + index,
      color: `#${instanceColor(local + index)
        .map((part) => part.toString(16).padStart(2, '0'))
        .join('')}`,
    }))
  })
}
