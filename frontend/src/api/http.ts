/**
 * The one way to the server: JSON in and out, problem+json as a typed error, a third result for an answer that did not come,
 * and an event when the session has ended.
 */

export const API_BASE = '/api/v1'

export interface PointerError {
  pointer: string
  detail: string
}

/** The server answered and said no (RFC 9457). */
export class ApiProblem extends Error {
  override readonly name = 'ApiProblem'
  constructor(
    readonly status: number,
    readonly code: string,
    readonly title: string,
    readonly detail: string,
    /** The whole problem document: extension members such as `positions` or `seq`. */
    readonly members: Readonly<Record<string, unknown>> = {},
    readonly retryAfterS: number | null = null,
  ) {
    super(detail || title)
  }

  get errors(): readonly PointerError[] {
    const list = this.members.errors
    if (!Array.isArray(list)) return []
    return list.filter((entry): entry is PointerError => typeof entry?.pointer === 'string')
  }
}

/** No answer came, or one that is not ours (a proxy's page): nobody knows whether the request took effect. */
export class NoAnswer extends Error {
  override readonly name = 'NoAnswer'
}

export interface RequestOptions {
  method?: 'GET' | 'HEAD' | 'POST' | 'PUT' | 'PATCH' | 'DELETE'
  query?: Readonly<Record<string, string | number | boolean | null | undefined>>
  /** Sent as JSON. */
  json?: unknown
  /** Sent as it is; give `contentType` with it unless it is a FormData. */
  body?: BodyInit
  contentType?: string
  headers?: Readonly<Record<string, string>>
  ifMatch?: string
  idempotencyKey?: string
  signal?: AbortSignal
  /** A 401 of sign-in itself is an answer to the form, not the end of a session. */
  expects401?: boolean
}

type SignedOutListener = () => void
const signedOutListeners = new Set<SignedOutListener>()

/** Calls `listener` when the server says that the session has ended. Returns what removes it. */
export function onSignedOut(listener: SignedOutListener): () => void {
  signedOutListeners.add(listener)
  return () => signedOutListeners.delete(listener)
}

export function urlOf(path: string, query?: RequestOptions['query']): string {
  const url = path.startsWith('/api/') ? path : `${API_BASE}${path}`
  const parameters = new URLSearchParams()
  for (const [name, value] of Object.entries(query ?? {})) {
    if (value !== undefined && value !== null && value !== '') parameters.set(name, String(value))
  }
  const text = parameters.toString()
  return text === '' ? url : `${url}?${text}`
}

function headersOf(options: RequestOptions): Headers {
  const headers = new Headers(options.headers)
  if (!headers.has('Accept')) headers.set('Accept', 'application/json, application/problem+json')
  if (options.json !== undefined) headers.set('Content-Type', 'application/json')
  else if (options.contentType !== undefined) headers.set('Content-Type', options.contentType)
  if (options.ifMatch !== undefined) headers.set('If-Match', options.ifMatch)
  if (options.idempotencyKey !== undefined) headers.set('Idempotency-Key', options.idempotencyKey)
  return headers
}

/** Sends a request and returns the response of a success; throws `ApiProblem`, `NoAnswer` or the AbortError of `signal`. */
export async function send(path: string, options: RequestOptions = {}): Promise<Response> {
  const init: RequestInit = {
    method: options.method ?? 'GET',
    headers: headersOf(options),
    credentials: 'same-origin',
    signal: options.signal ?? null,
  }
  const body = options.json !== undefined ? JSON.stringify(options.json) : options.body
  if (body !== undefined) init.body = body
  let response: Response
  try {
    response = await fetch(urlOf(path, options.query), init)
  } catch (cause) {
    if (options.signal?.aborted === true) throw cause
    throw new NoAnswer('The server did not answer.', { cause })
  }
  if (response.ok) return response
  const problem = await problemOf(response)
  if (problem.status === 401 && options.expects401 !== true) for (const listener of signedOutListeners) listener()
  throw problem
}

async function problemOf(response: Response): Promise<ApiProblem> {
  const type = response.headers.get('Content-Type') ?? ''
  const retryAfter = Number.parseFloat(response.headers.get('Retry-After') ?? '')
  const retryAfterS = Number.isFinite(retryAfter) ? retryAfter : null
  let members: Record<string, unknown> = {}
  if (type.includes('json')) {
    try {
      const parsed: unknown = await response.json()
      if (typeof parsed === 'object' && parsed !== null) members = parsed as Record<string, unknown>
    } catch (cause) {
      throw new NoAnswer(`The answer ${response.status} could not be read.`, { cause })
    }
  }
  const text = (name: string): string | null => (typeof members[name] === 'string' ? members[name] : null)
  const title = text('title') ?? `The server answered ${response.status}`
  return new ApiProblem(
    response.status,
    text('code') ?? `http-${response.status}`,
    title,
    text('detail') ?? '',
    members,
    retryAfterS,
  )
}

async function jsonOf<T>(response: Response): Promise<T> {
  if (response.status === 204 || response.status === 205) return undefined as T
  const type = response.headers.get('Content-Type') ?? ''
  if (!type.includes('json'))
    throw new NoAnswer(`The answer is ${type || 'untyped'}, not JSON: it is not from Maskloop.`)
  try {
    return (await response.json()) as T
  } catch (cause) {
    throw new NoAnswer('The answer was cut off.', { cause })
  }
}

/** The JSON of a successful answer; `undefined` for 204. */
export async function request<T>(path: string, options: RequestOptions = {}): Promise<T> {
  return jsonOf<T>(await send(path, options))
}

export interface Tagged<T> {
  value: T
  /** Goes back as `ifMatch` of the change. */
  etag: string
}

/** A mutable resource with the ETag that a change of it must name. */
export async function requestTagged<T>(path: string, options: RequestOptions = {}): Promise<Tagged<T>> {
  const response = await send(path, options)
  const etag = response.headers.get('ETag') ?? ''
  return { value: await jsonOf<T>(response), etag }
}

/** The bytes of a successful answer. Immutable ones may come from the browser's cache. */
export async function requestBytes(path: string, options: RequestOptions & { accept: string }): Promise<ArrayBuffer> {
  return (await requestBody(path, options)).bytes
}

/** The bytes of a successful answer, with its headers. */
export async function requestBody(
  path: string,
  options: RequestOptions & { accept: string },
): Promise<{ bytes: ArrayBuffer; headers: Headers }> {
  const response = await send(path, { ...options, headers: { ...options.headers, Accept: options.accept } })
  const type = response.headers.get('Content-Type') ?? ''
  if (!type.startsWith(options.accept)) throw new NoAnswer(`The answer is ${type || 'untyped'}, not ${options.accept}.`)
  try {
    return { bytes: await response.arrayBuffer(), headers: response.headers }
  } catch (cause) {
    if (options.signal?.aborted === true) throw cause
    throw new NoAnswer('The answer was cut off.', { cause })
  }
}

export interface Page<T> {
  items: T[]
  next_cursor: string | null
}

/** All pages of a list, in order, up to `limit` items. */
export async function requestAll<T>(path: string, options: RequestOptions = {}, limit = 5000): Promise<T[]> {
  const items: T[] = []
  let cursor: string | null = null
  do {
    const page: Page<T> = await request<Page<T>>(path, { ...options, query: { limit: 200, ...options.query, cursor } })
    items.push(...page.items)
    cursor = page.next_cursor
  } while (cursor !== null && items.length < limit)
  return items
}
