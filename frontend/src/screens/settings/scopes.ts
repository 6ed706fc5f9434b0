import { settingsText } from '../../strings'

/** Scopes are a domain, and read or write: `image.read`. */
export const DOMAINS = [
  'project',
  'image',
  'import',
  'segmentation',
  'model',
  'export',
  'job',
  'work',
  'token',
  'user',
  'audit',
] as const

/** What exists for each domain; the server refuses others. */
export const SCOPES: ReadonlySet<string> = new Set([
  'project.read',
  'project.write',
  'image.read',
  'import.read',
  'import.write',
  'segmentation.read',
  'segmentation.write',
  'model.read',
  'model.write',
  'export.read',
  'export.write',
  'job.read',
  'job.write',
  'work.read',
  'work.write',
  'token.write',
  'user.read',
  'user.write',
  'audit.read',
])

export function scopesText(scopes: readonly string[]): string {
  if (scopes.length >= SCOPES.size) return settingsText.allScopes
  const parts = DOMAINS.flatMap((domain) => {
    const canWrite = scopes.includes(`${domain}.write`)
    if (!canWrite && !scopes.includes(`${domain}.read`)) return []
    const name = settingsText.scopeNames[domain] ?? domain
    return [canWrite ? `${settingsText.scopeWrite} ${name}` : `${settingsText.scopeRead} ${name}`]
  })
  return parts.join(', ')
}
