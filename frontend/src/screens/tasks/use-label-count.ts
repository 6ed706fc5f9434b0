import { useQuery } from '@tanstack/react-query'
import { labelsQuery } from '../../api/labels'

/** How many labels of the project can be drawn. */
export function useLabelCount(projectId: string): number {
  return (
    useQuery(labelsQuery(projectId)).data?.filter(({ archived, kind }) => !archived && kind !== 'answer').length ?? 0
  )
}
