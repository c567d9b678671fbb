import { useInfiniteQuery } from '@tanstack/vue-query'
import { computed, type ComputedRef, type Ref } from 'vue'
import type { Listed } from '../api/wire'

export interface CursorList<T> {
  items: ComputedRef<T[]>
  pending: Ref<boolean>
  error: Ref<unknown>
  hasMore: Ref<boolean>
  loadingMore: Ref<boolean>
  more: () => void
  again: () => void
}

/** A list behind a cursor: pages are joined, `key` holds what the list depends on. */
export function useCursor<T>(key: Ref<readonly unknown[]>, fetchPage: (cursor?: string) => Promise<Listed<T>>): CursorList<T> {
  const query = useInfiniteQuery({
    queryKey: key,
    queryFn: ({ pageParam }) => fetchPage(pageParam === '' ? undefined : pageParam),
    initialPageParam: '',
    getNextPageParam: (last: Listed<T>) => last.next_cursor ?? undefined,
  })
  return {
    items: computed(() => (query.data.value?.pages ?? []).flatMap((page) => page.items) as T[]),
    pending: query.isPending,
    error: query.error,
    hasMore: query.hasNextPage,
    loadingMore: query.isFetchingNextPage,
    more: () => void query.fetchNextPage(),
    again: () => void query.refetch(),
  }
}
