/** The product form between what is typed and what is sent. Pure. Limits as on the server. */
import type { Named, ProductIn, ServiceTag, ShopProduct } from '../api/wire'
import { percentInput, parsePercentBps } from '../money'

export const TITLE_CHARS_MIN = 2
export const TITLE_CHARS_MAX = 60
export const SKUS_MAX = 50
export const POINTS_MAX = 5
export const POINT_CHARS_MAX = 40
export const ATTRIBUTE_CHARS_MAX = 60
export const PRICE_FEN_MAX = 1_000_000_000
export const FREIGHT_FEN_MAX = 1_000_000
export const LIMIT_PER_BUYER_MAX = 9_999
export const ATTRIBUTES_MAX = 30
export const COMMISSION_BPS_MAX = 8_000
export const STOCK_MAX = 1_000_000

/** `stockWas` is the stock that the form opened with: what was sold meanwhile still counts. */
export interface SkuForm { id?: string; name: string; code: string; price_fen: number | null; stock: number | null; stockWas?: number; limit: number | null }
export interface ProductForm {
  title: string; category_key: string; description: string; origin: string; points: string[]; attributes: Named[]; pictures: { id: string; url: string }[]
  tags: ServiceTag[]; freight_fen: number | null; commission: string; skus: SkuForm[]
}
export interface FormFault { path: string; key: string; facts?: Record<string, number> }

export const blankSku = (): SkuForm => ({ name: '', code: '', price_fen: null, stock: null, limit: null })
export function blankForm(): ProductForm {
  return {
    title: '', category_key: '', description: '', origin: '', points: [], attributes: [{ name: '', value: '' }], pictures: [], tags: ['seven_day_return'],
    freight_fen: 0, commission: '10', skus: [blankSku()],
  }
}

export function formOf(product: ShopProduct): ProductForm {
  return {
    title: product.title, category_key: product.category_key, description: product.description, origin: product.origin, points: [...product.selling_points],
    attributes: product.attributes.map((one) => ({ ...one })), pictures: product.pictures.map((one) => ({ id: one.id ?? one.url, url: one.url })),
    tags: [...product.service_tags], freight_fen: product.freight_fen, commission: percentInput(product.commission_bps),
    skus: product.skus.map((sku) => ({
      id: sku.id, name: sku.name, code: sku.code ?? '', price_fen: sku.price_fen, stock: sku.stock ?? 0, stockWas: sku.stock ?? 0, limit: sku.limit_per_buyer,
    })),
  }
}

function skuFaults(skus: SkuForm[]): FormFault[] {
  const out: FormFault[] = []
  const names = skus.map((sku) => sku.name.trim())
  skus.forEach((sku, i) => {
    if (skus.length > 1 && names[i] === '') out.push({ path: `skus.${i}`, key: 'product.fault_sku_name', facts: { n: i + 1 } })
    else if (names.indexOf(names[i] ?? '') !== i) out.push({ path: `skus.${i}`, key: 'product.fault_sku_twice', facts: { n: i + 1 } })
    if (sku.price_fen === null || sku.price_fen <= 0 || sku.price_fen > PRICE_FEN_MAX) out.push({ path: `skus.${i}`, key: 'product.fault_price', facts: { n: i + 1 } })
    if (sku.stock === null || sku.stock < 0 || sku.stock > STOCK_MAX || !Number.isInteger(sku.stock)) out.push({ path: `skus.${i}`, key: 'product.fault_stock', facts: { n: i + 1 } })
  })
  return out
}

/** Everything that keeps the form from being sent, in the order of the page. */
export function faultsOf(form: ProductForm): FormFault[] {
  const out: FormFault[] = []
  if (form.title.trim().length < TITLE_CHARS_MIN) out.push({ path: 'title', key: 'product.fault_title' })
  if (form.category_key === '') out.push({ path: 'category_key', key: 'product.fault_category' })
  if (form.pictures.length === 0) out.push({ path: 'picture_ids', key: 'product.fault_pictures' })
  if (form.skus.length === 0) out.push({ path: 'skus', key: 'product.fault_no_sku' })
  out.push(...skuFaults(form.skus))
  if (form.freight_fen === null || form.freight_fen < 0 || form.freight_fen > FREIGHT_FEN_MAX) out.push({ path: 'freight_fen', key: 'product.fault_freight' })
  if (parsePercentBps(form.commission, COMMISSION_BPS_MAX) === null) {
    out.push({ path: 'commission_bps', key: 'product.fault_commission', facts: { max: COMMISSION_BPS_MAX / 100 } })
  }
  return out
}

/** Call only when faultsOf is empty. `onlySkuName` names the single SKU of a product without variants. */
export function bodyOf(form: ProductForm, onlySkuName: string): ProductIn {
  return {
    title: form.title.trim(), category_key: form.category_key, description: form.description.trim(), origin: form.origin.trim(),
    selling_points: form.points.map((point) => point.trim()).filter((point) => point !== ''),
    attributes: form.attributes.map(({ name, value }) => ({ name: name.trim(), value: value.trim() })).filter(({ name, value }) => name !== '' && value !== ''),
    picture_ids: form.pictures.map((picture) => picture.id), service_tags: form.tags, freight_fen: form.freight_fen ?? 0,
    commission_bps: parsePercentBps(form.commission, COMMISSION_BPS_MAX) ?? 0,
    skus: form.skus.map((sku) => ({
      ...(sku.id ? { id: sku.id, stock_was: sku.stockWas } : {}), name: sku.name.trim() || onlySkuName, ...(sku.code.trim() ? { code: sku.code.trim() } : {}),
      price_fen: sku.price_fen ?? 0, stock: sku.stock ?? 0, ...(sku.limit ? { limit_per_buyer: sku.limit } : {}),
    })),
  }
}
