import { createContext, useContext } from 'react'
import type { StoreApi } from 'zustand'
import type { Image } from '../../api/images'
import type { Label } from '../../api/labels'
import type { Project } from '../../api/projects'
import type { WorkItem } from '../../api/worklist'
import type { Voxel } from '../../geometry/grid'
import type { OpenDocument } from '../../store/document'
import type { Viewer } from '../../viewer/viewer'
import type { Measure } from './measure'
import type { Proposals } from './proposals'

/** What of the workspace is only looks: not in the document, not in the viewer. */
export interface LooksState {
  solo: number | null
  panelsFolded: boolean
  /** Where the menu of the picture is open. */
  menuAt: { clientX: number; clientY: number; voxel: Voxel | null } | null
}

/** Everything that the parts of an open image share. */
export interface Workspace {
  readonly image: Image
  readonly project: Project
  readonly labels: readonly Label[]
  readonly task: WorkItem | null
  readonly document: OpenDocument
  readonly viewer: Viewer
  readonly proposals: Proposals
  readonly measure: Measure
  readonly looks: StoreApi<LooksState>
  /** False for people who may only look. */
  readonly mayDraw: boolean
  readonly userId: string
}

export const WorkspaceContext = createContext<Workspace | null>(null)

export function useWorkspace(): Workspace {
  const workspace = useContext(WorkspaceContext)
  if (workspace === null) throw new Error('useWorkspace outside of an open image')
  return workspace
}
