import { type Page, request } from './http'

export interface AuditEvent {
  id: string
  at: string
  actor: { id: string; name: string } | string | null
  action: string
  outcome?: string | null
  subject?: string | null
  project_id?: string | null
  address?: string | null
}

export function readAudit(cursor: string | null, signal: AbortSignal): Promise<Page<AuditEvent>> {
  return request<Page<AuditEvent>>('/audit', { query: { cursor, limit: 100 }, signal })
}
