import { beforeEach, describe, expect, test } from 'vitest'
import { ActiveTime } from './active-time'

class Desk extends EventTarget {
  visibilityState: DocumentVisibilityState = 'visible'
  time = 1_000_000

  now = (): number => this.time

  input(): void {
    this.dispatchEvent(new Event('pointermove'))
  }

  wait(seconds: number): void {
    this.time += seconds * 1000
  }

  show(state: DocumentVisibilityState): void {
    this.visibilityState = state
    this.dispatchEvent(new Event('visibilitychange'))
  }
}

let desk: Desk
let active: ActiveTime

beforeEach(() => {
  desk = new Desk()
  active = new ActiveTime(desk, desk)
})

describe('active time', () => {
  test('is nothing without input', () => {
    desk.wait(100)

    expect(active.totalMs()).toBe(0)
  })

  test('goes on for 30 s after the last input', () => {
    desk.input()
    desk.wait(20)
    desk.input()
    desk.wait(100)
    desk.input()

    expect(active.totalMs()).toBe(50_000)
  })

  test('stops while the tab is hidden', () => {
    desk.input()
    desk.wait(10)
    desk.show('hidden')
    desk.wait(10)
    desk.input()
    desk.show('visible')
    desk.wait(10)

    expect(active.totalMs()).toBe(10_000)
  })

  test('is given out in whole milliseconds, each once', () => {
    desk.input()
    desk.wait(4.0006)
    expect(active.takeMs()).toBe(4001)
    desk.wait(6)

    expect(active.takeMs()).toBe(6000)
    expect(active.takeMs()).toBe(0)
  })

  test('listens no longer once it is disposed of', () => {
    active.dispose()

    desk.input()
    desk.wait(10)

    expect(active.totalMs()).toBe(0)
  })
})
