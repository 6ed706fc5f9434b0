import { formatPlural } from './format'

export const frameText = {
  navigation: 'Main',
  work: 'Work',
  project: 'Project',
  loop: 'Loop',
  service: 'Service',
  projects: 'Projects',
  tasks: 'My tasks',
  queue: 'Queue',
  images: 'Images',
  labels: 'Labels',
  people: 'People',
  import: 'Import',
  exports: 'Exports',
  models: 'Models',
  audit: 'Audit',
  users: 'Users',
  settings: 'Settings',
  search: 'Search or run a command',
  jobs: (running: number) => (running === 0 ? 'Jobs' : formatPlural(running, 'job')),
  account: (name: string) => `Account of ${name}`,
  signOut: 'Sign out',
  keys: 'Keys',
  switchProject: 'Switch project',
  allProjects: 'All projects',
  skip: 'Skip to the content',
  insecure: 'Not encrypted: this server runs over plain http. Use it on a trusted network only.',
}

export const jobText = {
  title: 'Jobs',
  empty: 'Nothing is running and nothing has run lately.',
  cancel: 'Cancel',
  retry: 'Try again',
  open: 'Open result',
  queued: (position: number | null) => (position === null ? 'Waiting' : `Waiting, number ${position} in its queue`),
  running: 'Running',
  succeeded: 'Done',
  failed: 'Failed',
  cancelled: 'Cancelled',
  attempt: (attempt: number) => `attempt ${attempt}`,
  took: (duration: string) => `took ${duration}`,
  cancelSaid: 'The job will stop.',
  retrySaid: 'The job waits in its queue again.',
  kinds: {
    'import-upload': 'Import',
    import: 'Import',
    'confirm-upload': 'Import of confirmed files',
    'segment-image': 'Proposal',
    propose: 'Proposal',
    'accept-proposal': 'Accept a proposal',
    'add-model': 'Add a model',
    'write-export': 'Export',
  } as Readonly<Record<string, string>>,
}

/** What a job of this kind is called; an unknown kind is its own name in words. */
export function jobKindText(kind: string): string {
  const words = kind.replaceAll(/[-_.]/g, ' ')
  return jobText.kinds[kind] ?? words.charAt(0).toUpperCase() + words.slice(1)
}

export const paletteText = {
  title: 'Commands',
  placeholder: 'Search images, labels, people or run a command',
  empty: 'Nothing found.',
  recent: 'Last used',
  go: 'Go to',
  actions: 'Actions',
  images: 'Images',
  labels: 'Labels',
  people: 'People',
  leave: 'Back to the tasks',
}

export const keySheetText = {
  title: 'Keys',
  note: 'Keys rest while a text field has focus.',
}
