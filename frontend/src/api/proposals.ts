import { request, requestBytes } from './http'
import type { Job } from './jobs'
import type { Schema } from './schema'

/** Local numbers [local, last_local]: one, or a block of instances. */
export type ProposalSegment = Schema['ProposalSegmentOut']

export type Proposal = Schema['ProposalOut']

export type ProposalRequest = Schema['ProposalIn']

export function propose(segmentationId: string, body: ProposalRequest, key: string): Promise<Job> {
  const path = `/segmentations/${segmentationId}/proposals`
  return request<Job>(path, { method: 'POST', json: body, idempotencyKey: key })
}

export async function readOpenProposals(segmentationId: string, signal?: AbortSignal): Promise<Proposal[]> {
  const path = `/segmentations/${segmentationId}/proposals`
  return (await request<{ items: Proposal[] }>(path, { query: { state: 'open' }, ...(signal ? { signal } : {}) })).items
}

export function readProposal(proposalId: string): Promise<Proposal> {
  return request<Proposal>(`/proposals/${proposalId}`)
}

/** Label tiles whose values are the proposal's local numbers. */
export function readProposalTiles(proposalId: string): Promise<ArrayBuffer> {
  return requestBytes(`/proposals/${proposalId}/tiles`, { accept: 'application/vnd.maskloop.tiles' })
}

export type AcceptAnswer = Schema['SavedOut']

/** With `replace` also where other segments are drawn, else only on background. */
export function acceptProposal(proposalId: string, replace: boolean, key: string): Promise<AcceptAnswer | Job> {
  const path = `/proposals/${proposalId}/accept`
  return request<AcceptAnswer | Job>(path, { method: 'POST', json: { replace }, idempotencyKey: key })
}

export function dropProposal(proposalId: string): Promise<void> {
  return request<void>(`/proposals/${proposalId}/drop`, { method: 'POST' })
}
