import { http } from './http'
import type { Category, GoodsTodo, ImportReport, Listed, Picture, ProductIn, ShopProduct, Stock } from './wire'

const shop = (shopId: string): string => `/api/shops/${shopId}`

export const goods = {
  categories: () => http.get<Listed<Category>>('/api/categories'),
  todo: (shopId: string) => http.get<GoodsTodo>(`${shop(shopId)}/goods-todo`),
  list: (shopId: string, query: { state?: string; q?: string; cursor?: string; limit?: number }) =>
    http.get<Listed<ShopProduct>>(`${shop(shopId)}/products`, query),
  one: (shopId: string, id: string) => http.get<ShopProduct>(`${shop(shopId)}/products/${id}`),
  add: (shopId: string, body: ProductIn, key: string) => http.create<ShopProduct>(`${shop(shopId)}/products`, body, key),
  change: (shopId: string, id: string, body: ProductIn) => http.patch<ShopProduct>(`${shop(shopId)}/products/${id}`, body),
  submit: (shopId: string, id: string) => http.post<ShopProduct>(`${shop(shopId)}/products/${id}/submit`),
  withdraw: (shopId: string, id: string) => http.post<ShopProduct>(`${shop(shopId)}/products/${id}/withdraw`),
  adjustStock: (shopId: string, skuId: string, delta: number, reason: string) =>
    http.patch<Stock>(`${shop(shopId)}/skus/${skuId}/stock`, { delta, reason }),
  importCsv: (shopId: string, file: File, key: string, onProgress?: (share: number) => void) =>
    http.upload<ImportReport>(`${shop(shopId)}/products/import`, file, { key, onProgress }),
  templateUrl: (shopId: string) => `${shop(shopId)}/products/import/template`,
  uploadPicture: (file: File, onProgress?: (share: number) => void) =>
    http.upload<Picture>('/api/pictures', file, { onProgress }),
  reviews: (state: string, cursor?: string) => http.get<Listed<ShopProduct>>('/api/reviews/products', { state, cursor }),
  review: (id: string, approve: boolean, reason: string) => http.post<ShopProduct>(`/api/reviews/products/${id}`, { approve, reason }),
}
