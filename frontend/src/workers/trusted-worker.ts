/** Makes workers under `require-trusted-types-for 'script'`: the policy lets through URLs of our own origin only. */

interface ScriptUrlPolicy {
  createScriptURL(url: string): unknown
}

interface PolicyFactory {
  createPolicy(name: string, rules: { createScriptURL(url: string): string }): ScriptUrlPolicy
}

let policy: ScriptUrlPolicy | null = null

export function startWorker(url: string): Worker {
  const own = ownUrl(url)
  const factory = (globalThis as { trustedTypes?: PolicyFactory }).trustedTypes
  if (factory === undefined) return new Worker(own, { type: 'module' })
  policy ??= factory.createPolicy('maskloop', { createScriptURL: ownUrl })
  return new Worker(policy.createScriptURL(own) as string, { type: 'module' })
}

function ownUrl(url: string): string {
  const whole = new URL(url, location.href)
  if (whole.origin !== location.origin) throw new TypeError('a worker comes from our own origin')
  return whole.href
}
