import { afterEach, describe, expect, test, vi } from 'vitest'
import { ApiProblem, NoAnswer, onSignedOut, request, requestAll, requestBytes, requestTagged, urlOf } from './http'

function answer(body: unknown, init: ResponseInit & { type?: string } = {}): Response {
  const { type = 'application/json', ...rest } = init
  const text = typeof body === 'string' ? body : JSON.stringify(body)
  return new Response(rest.status === 204 ? null : text, {
    ...rest,
    headers: { 'Content-Type': type, ...rest.headers },
  })
}

function serve(...responses: (Response | Error)[]) {
  const mock = vi.fn<typeof fetch>()
  for (const response of responses) {
    if (response instanceof Error) mock.mockRejectedValueOnce(response)
    else mock.mockResolvedValueOnce(response)
  }
  vi.stubGlobal('fetch', mock)
  return mock
}

async function failureOf(promise: Promise<unknown>): Promise<unknown> {
  try {
    await promise
  } catch (cause) {
    return cause
  }
  throw new Error('it did not fail')
}

afterEach(() => vi.unstubAllGlobals())

describe('a request', () => {
  test('sends JSON, If-Match and the key, and reads JSON', async () => {
    const fetched = serve(answer({ id: 'a' }, { status: 201 }))

    const value = await request<{ id: string }>('/labels', {
      method: 'POST',
      json: { x: 1 },
      ifMatch: '"3"',
      idempotencyKey: 'k',
    })

    const [url, init] = fetched.mock.calls[0] ?? []
    const headers = new Headers(init?.headers)
    expect(value).toEqual({ id: 'a' })
    expect(url).toBe('/api/v1/labels')
    expect(init?.body).toBe('{"x":1}')
    expect([headers.get('Content-Type'), headers.get('If-Match'), headers.get('Idempotency-Key')]).toEqual([
      'application/json',
      '"3"',
      'k',
    ])
  })

  test('leaves empty query values out', () => {
    expect(urlOf('/images', { q: 'a b', modality: '', cursor: null, limit: 5 })).toBe('/api/v1/images?q=a+b&limit=5')
  })

  test('answers undefined to a 204', async () => {
    serve(answer('', { status: 204 }))

    expect(await request('/session')).toBeUndefined()
  })
})

describe('a refusal', () => {
  test('carries code, detail, members and pointers of problem+json', async () => {
    const problem = {
      code: 'stale-voxels',
      title: 'Someone drew here',
      detail: 'first',
      positions: ['7'],
      errors: [{ pointer: '/a', detail: 'b' }],
    }
    serve(answer(problem, { status: 412, type: 'application/problem+json' }))

    const cause = await failureOf(request('/x'))

    expect(cause).toBeInstanceOf(ApiProblem)
    expect(cause).toMatchObject({
      status: 412,
      code: 'stale-voxels',
      message: 'first',
      members: { positions: ['7'] },
      errors: [{ pointer: '/a' }],
    })
  })

  test('of a proxy in HTML still has a status and a code', async () => {
    serve(answer('<h1>Bad gateway</h1>', { status: 502, type: 'text/html' }))

    expect(await failureOf(request('/x'))).toMatchObject({ status: 502, code: 'http-502' })
  })

  test('says when to come back', async () => {
    serve(answer({}, { status: 429, headers: { 'Retry-After': '12' } }))

    expect(await failureOf(request('/x'))).toMatchObject({ retryAfterS: 12 })
  })

  test('with 401 tells that the session has ended, but not at sign-in', async () => {
    serve(answer({}, { status: 401 }), answer({}, { status: 401 }))
    const heard = vi.fn()
    const stop = onSignedOut(heard)

    await failureOf(request('/session', { method: 'POST', expects401: true }))
    expect(heard).not.toHaveBeenCalled()
    await failureOf(request('/projects'))

    expect(heard).toHaveBeenCalledOnce()
    stop()
  })
})

describe('no answer', () => {
  test('is what a broken connection gives', async () => {
    serve(new TypeError('failed to fetch'))

    expect(await failureOf(request('/x'))).toBeInstanceOf(NoAnswer)
  })

  test('is what a log-in page with status 200 gives', async () => {
    serve(answer('<html>please log in</html>', { type: 'text/html' }))

    expect(await failureOf(request('/x'))).toBeInstanceOf(NoAnswer)
  })

  test('is what JSON that was cut off gives', async () => {
    serve(answer('{"items": [', {}))

    expect(await failureOf(request('/x'))).toBeInstanceOf(NoAnswer)
  })

  test('is what bytes of another type give', async () => {
    serve(answer('{}', {}))

    expect(await failureOf(requestBytes('/tiles', { accept: 'application/vnd.maskloop.tiles' }))).toBeInstanceOf(
      NoAnswer,
    )
  })

  test('is not what an abort gives', async () => {
    const stop = new AbortController()
    stop.abort()
    serve(new DOMException('aborted', 'AbortError'))

    expect(await failureOf(request('/x', { signal: stop.signal }))).toMatchObject({ name: 'AbortError' })
  })
})

test('a tagged read brings the ETag for the change', async () => {
  serve(answer({ name: 'Liver' }, { headers: { ETag: '"7"' } }))

  expect(await requestTagged('/labels/1')).toEqual({ value: { name: 'Liver' }, etag: '"7"' })
})

test('all pages of a list come in order', async () => {
  const fetched = serve(answer({ items: [1, 2], next_cursor: 'c' }), answer({ items: [3], next_cursor: null }))

  expect(await requestAll<number>('/users')).toEqual([1, 2, 3])
  expect(String(fetched.mock.calls[1]?.[0])).toContain('cursor=c')
})
