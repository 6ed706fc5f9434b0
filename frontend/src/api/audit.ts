import { type Page, request } from './http'
import type { Schema } from './schema'

export type AuditEvent = Schema['AuditEventOut']

export function readAudit(cursor: string | null, signal: AbortSignal): Promise<Page<AuditEvent>> {
  return request<Page<AuditEvent>>('/audit', { query: { cursor, limit: 100 }, signal })
}
