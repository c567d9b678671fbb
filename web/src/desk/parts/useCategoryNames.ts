import { useQuery } from '@tanstack/vue-query'
import { goods } from '../api/goods'

/** Names of category keys; a key stands for itself until the list is there. */
export function useCategoryNames(): (key: string) => string {
  const query = useQuery({ queryKey: ['categories'], queryFn: goods.categories, staleTime: 600_000 })
  return (key) => query.data.value?.items.find((one) => one.key === key)?.name ?? key
}
