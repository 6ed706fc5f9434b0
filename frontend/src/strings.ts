/** Every English text of the interface. One file per screen in strings/. */

export * from './strings/annotate'
export * from './strings/common'
export * from './strings/format'
export * from './strings/frame'
export * from './strings/import'
export * from './strings/keys'
export * from './strings/project'
export * from './strings/sign-in'
export * from './strings/tasks'
export * from './strings/viewer'
