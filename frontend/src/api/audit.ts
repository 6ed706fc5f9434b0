import { type Page, request } from './http'

export interface AuditEvent {
  id: number
  at: string
  actor: { id: string; name: string } | null
  action: string
  outcome: string
  subject: string | null
  project_id: string | null
  address: string | null
  detail: Record<string, unknown>
}

export function readAudit(cursor: string | null, signal: AbortSignal): Promise<Page<AuditEvent>> {
  return request<Page<AuditEvent>>('/audit', { query: { cursor, limit: 100 }, signal })
}
