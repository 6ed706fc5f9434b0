import { useInfiniteQuery } from '@tanstack/react-query'
import { useMemo } from 'react'
import { readWorkItems, type WorkItem, type WorkItemFilter } from '../../api/worklist'

const REFRESH_MS = 20_000

export interface WorkItems {
  items: readonly WorkItem[]
  isPending: boolean
  cause: unknown
  /** When the rows were read; they stay when a later read fails. */
  readAt: number
  hasMore: boolean
  loadMore: () => void
  retry: () => void
}

export function useWorkItems(projectId: string, filter: WorkItemFilter): WorkItems {
  const query = useInfiniteQuery({
    queryKey: ['projects', projectId, 'work-items', filter],
    queryFn: ({ pageParam, signal }) => readWorkItems(projectId, filter, pageParam, signal),
    initialPageParam: null as string | null,
    getNextPageParam: (page) => page.next_cursor,
    refetchInterval: REFRESH_MS,
    placeholderData: (old) => old,
  })
  const items = useMemo(() => query.data?.pages.flatMap((page) => page.items) ?? [], [query.data])
  return {
    items,
    isPending: query.isPending,
    cause: query.error,
    readAt: query.dataUpdatedAt,
    hasMore: query.hasNextPage,
    loadMore: () => {
      if (query.hasNextPage && !query.isFetchingNextPage) void query.fetchNextPage()
    },
    retry: () => void query.refetch(),
  }
}
