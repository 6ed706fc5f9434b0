import { afterEach, describe, expect, test, vi } from 'vitest'
import { ApiProblem, NoAnswer } from './http'
import { segmentationApi } from './segmentations'

const KEY = '0192f6a0-5b1e-4c3a-9a57-3f6b1c2d4e5f'

function answer(body: string, status: number, type: string, headers: Record<string, string> = {}): void {
  const response = new Response(body, { status, headers: { 'Content-Type': type, ...headers } })
  vi.stubGlobal('fetch', vi.fn<typeof fetch>().mockResolvedValue(response))
}

function save(): Promise<unknown> {
  return segmentationApi.save('seg', KEY, Uint8Array.of(1, 2, 3), 'ada')
}

afterEach(() => vi.unstubAllGlobals())

describe('a save', () => {
  test('posts the bytes under the key', async () => {
    answer(JSON.stringify({ key: KEY, seq: 4, parent: 3 }), 201, 'application/json')

    expect(await save()).toEqual({ key: KEY, seq: 4, parent: 3 })

    const [url, init] = vi.mocked(fetch).mock.calls[0] ?? []
    const headers = new Headers(init?.headers)
    expect(url).toBe('/api/v1/segmentations/seg/revisions')
    expect(init?.method).toBe('POST')
    expect(init?.body).toEqual(Uint8Array.of(1, 2, 3))
    expect(headers.get('Idempotency-Key')).toBe(KEY)
    expect(headers.get('Content-Type')).toBe('application/vnd.maskloop.stroke')
  })

  test.each([
    ['a log-in page', '<html>Sign in</html>', 'text/html'],
    ['another key', JSON.stringify({ key: 'other', seq: 4, parent: 3 }), 'application/json'],
    ['no seq', JSON.stringify({ key: KEY }), 'application/json'],
    ['a seq that is no number', JSON.stringify({ key: KEY, seq: '4', parent: 3 }), 'application/json'],
    ['no object', 'null', 'application/json'],
    ['cut JSON', '{"key": "', 'application/json'],
  ])('is unanswered when 200 brings %s', async (_name, body, type) => {
    answer(body, 200, type)

    await expect(save()).rejects.toBeInstanceOf(NoAnswer)
  })

  test('is unanswered when the network fails', async () => {
    vi.stubGlobal('fetch', vi.fn<typeof fetch>().mockRejectedValue(new TypeError('Failed to fetch')))

    await expect(save()).rejects.toBeInstanceOf(NoAnswer)
  })

  test('that is refused brings the problem with its positions', async () => {
    const problem = { status: 412, code: 'stale-voxels', title: 'Stale', seq: 9, positions: ['1073741824'] }
    answer(JSON.stringify(problem), 412, 'application/problem+json')

    const refusal = await save().catch((cause: unknown) => cause)

    expect(refusal).toBeInstanceOf(ApiProblem)
    expect(refusal).toMatchObject({ status: 412, code: 'stale-voxels', members: { seq: 9, positions: ['1073741824'] } })
  })

  test('that a proxy refuses has no code of ours', async () => {
    answer('<html>Forbidden</html>', 403, 'text/html')

    await expect(save()).rejects.toMatchObject({ status: 403, code: 'http-403' })
  })
})

describe('who is signed in', () => {
  test('is the user of the session', async () => {
    answer(JSON.stringify({ user: { id: 'ada' } }), 200, 'application/json')

    expect(await segmentationApi.readUserId()).toBe('ada')
  })

  test('is nobody after a 401', async () => {
    answer(JSON.stringify({ code: 'not-signed-in', status: 401 }), 401, 'application/problem+json')

    expect(await segmentationApi.readUserId()).toBe(null)
  })
})

test('tiles are asked for since a seq, and only as tiles', async () => {
  answer('<html></html>', 200, 'text/html')

  await expect(segmentationApi.readTiles('seg', 7)).rejects.toBeInstanceOf(NoAnswer)

  expect(vi.mocked(fetch).mock.calls[0]?.[0]).toBe('/api/v1/segmentations/seg/tiles?since=7')
})
