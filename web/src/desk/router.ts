import { createRouter, createWebHistory, type RouteLocationNormalizedLoaded, type RouteParamsGeneric, type RouteRecordRaw } from 'vue-router'
import { session } from './session'
import { t } from './words'

export interface PageFacts {
  /** Key of the page's title. */
  title: string
  /** May be seen without a login. */
  open?: boolean
  /** Shown without the shell: wall screens and the host's big type. */
  bare?: boolean
  /** The console needs every pixel: padding is left out. */
  wide?: boolean
  allow?: (params: RouteParamsGeneric) => boolean
}

const pages = new Map<string, PageFacts>()
const LOST: PageFacts = { title: 'lost.title' }

/** The facts stand beside the routes, not in `meta`: the buyers' app, type-checked together with this one, owns the type of `meta`. */
export function pageOf(route: Pick<RouteLocationNormalizedLoaded, 'name'>): PageFacts {
  return pages.get(String(route.name)) ?? LOST
}

type Screen = NonNullable<RouteRecordRaw['component']>
function page(name: string, path: string, component: Screen, facts: PageFacts): RouteRecordRaw {
  pages.set(name, facts)
  return { name, path, component }
}

const ofShop = (params: RouteParamsGeneric): boolean => session.shops.value.some((shop) => shop.id === params['shopId'])
const ofAgency = (params: RouteParamsGeneric): boolean => session.agencies.value.some((agency) => agency.id === params['agencyId'])
const ofOperator = (): boolean => session.isOperator.value
const ofReviewer = (): boolean => session.isReviewer.value

const routes: RouteRecordRaw[] = [
  { path: '/', name: 'home', redirect: () => home() },
  page('login', '/login', () => import('./shell/LoginPage.vue'), { title: 'login.title', open: true, bare: true }),
  page('start', '/start', () => import('./shell/StartPage.vue'), { title: 'start.title' }),

  page('rooms', '/rooms', () => import('./rooms/RoomsPage.vue'), { title: 'rooms.title' }),
  page('console', '/rooms/:roomId', () => import('./rooms/ConsolePage.vue'), { title: 'console.title', wide: true }),
  page('wall-board', '/rooms/:roomId/board', () => import('./rooms/BoardWall.vue'), { title: 'board.title', bare: true }),
  page('host-view', '/rooms/:roomId/host', () => import('./rooms/HostView.vue'), { title: 'host.title', bare: true }),

  page('shop', '/shops/:shopId', () => import('./merchant/ShopHome.vue'), { title: 'shop.title', allow: ofShop }),
  page('products', '/shops/:shopId/products', () => import('./merchant/ProductsPage.vue'), { title: 'products.title', allow: ofShop }),
  page('product-new', '/shops/:shopId/products/new', () => import('./merchant/ProductEditor.vue'), { title: 'product.new_title', allow: ofShop }),
  page('product', '/shops/:shopId/products/:productId', () => import('./merchant/ProductEditor.vue'), { title: 'product.title', allow: ofShop }),
  page('orders', '/shops/:shopId/orders', () => import('./merchant/OrdersPage.vue'), { title: 'orders.title', allow: ofShop }),
  page('prices', '/shops/:shopId/prices', () => import('./merchant/PricesPage.vue'), { title: 'prices.title', allow: ofShop }),
  page('coupons', '/shops/:shopId/coupons', () => import('./merchant/CouponsPage.vue'), { title: 'coupons.title', allow: ofShop }),
  page('presales', '/shops/:shopId/presales', () => import('./merchant/PresalesPage.vue'), { title: 'presales.title', allow: ofShop }),
  page('aftersales', '/shops/:shopId/aftersales', () => import('./aftersales/QueuePage.vue'), { title: 'aftersales.title', allow: ofShop }),
  page('parcels', '/shops/:shopId/parcels', () => import('./merchant/ParcelsPage.vue'), { title: 'parcels.title', allow: ofShop }),
  page('invoices', '/shops/:shopId/invoices', () => import('./merchant/InvoicesPage.vue'), { title: 'invoices.title', allow: ofShop }),
  page('money', '/shops/:shopId/money', () => import('./merchant/MoneyPage.vue'), { title: 'money.title', allow: ofShop }),
  page('plans', '/shops/:shopId/plans', () => import('./affiliate/PlansPage.vue'), { title: 'plans.title', allow: ofShop }),
  page('plan', '/shops/:shopId/plans/:planId', () => import('./affiliate/PlanPage.vue'), { title: 'plans.title', allow: ofShop }),
  page('shop-samples', '/shops/:shopId/samples', () => import('./affiliate/ShopSamplesPage.vue'), { title: 'samples.shop_title', allow: ofShop }),
  page('files', '/shops/:shopId/files', () => import('./open/FilesPage.vue'), { title: 'files.title', allow: ofShop }),
  page('staff', '/shops/:shopId/staff', () => import('./open/StaffPage.vue'), { title: 'staff.title', allow: ofShop }),
  page('webhooks', '/shops/:shopId/webhooks', () => import('./open/WebhooksPage.vue'), { title: 'hooks.title', allow: ofShop }),
  page('tokens', '/tokens', () => import('./open/TokensPage.vue'), { title: 'tokens.title' }),
  page('api-docs', '/api-docs', () => import('./open/DocsPage.vue'), { title: 'docs.title' }),
  page('shop-slots', '/shops/:shopId/slots', () => import('./affiliate/ShopSlotsPage.vue'), { title: 'slots.title', allow: ofShop }),
  page('merchant', '/merchant', () => import('./merchant/OnboardPage.vue'), { title: 'onboard.title' }),

  page('realname', '/realname', () => import('./creator/RealnamePage.vue'), { title: 'realname.title' }),
  page('selection', '/selection', () => import('./affiliate/SelectionPage.vue'), { title: 'square.title' }),
  page('showcase', '/showcase', () => import('./affiliate/ShowcasePage.vue'), { title: 'showcase.title' }),
  page('my-samples', '/samples', () => import('./affiliate/MySamplesPage.vue'), { title: 'samples.title' }),
  page('my-slots', '/contracts', () => import('./affiliate/MySlotsPage.vue'), { title: 'slots.my_title' }),
  page('partners', '/partners', () => import('./affiliate/PartnersPage.vue'), { title: 'partners.title' }),
  page('agency-apply', '/agencies', () => import('./affiliate/AgencyApplyPage.vue'), { title: 'agency.apply_title' }),
  page('agency', '/agencies/:agencyId', () => import('./affiliate/AgencyPage.vue'), { title: 'agency.title', allow: ofAgency }),
  page('agency-money', '/agencies/:agencyId/money', () => import('./affiliate/AgencyMoneyPage.vue'), { title: 'agency_money.title', allow: ofAgency }),
  page('earnings', '/earnings', () => import('./creator/EarningsPage.vue'), { title: 'earnings.title' }),

  page('wall', '/wall', () => import('./operator/WallPage.vue'), { title: 'wall.title', allow: ofOperator }),
  page('reviews', '/reviews', () => import('./operator/ReviewsPage.vue'), { title: 'reviews.title', allow: ofReviewer }),
  page('platform-coupons', '/coupons', () => import('./merchant/CouponsPage.vue'), { title: 'coupons.platform_title', allow: ofOperator }),
  page('price-records', '/price-records', () => import('./operator/PriceRecordsPage.vue'), { title: 'prices.records_title', allow: ofOperator }),
  page('arbitrations', '/arbitrations', () => import('./aftersales/ArbitrationPage.vue'), { title: 'arbitration.title', allow: ofOperator }),
  page('compensation', '/compensation', () => import('./aftersales/CompensationPage.vue'), { title: 'fund.title', allow: ofOperator }),
  page('find-orders', '/find-orders', () => import('./operator/OrderSearch.vue'), { title: 'find.title', allow: ofOperator }),
  page('ledger', '/ledger', () => import('./operator/LedgerPage.vue'), { title: 'ledger.title', allow: ofOperator }),
  page('withdrawals', '/withdrawals', () => import('./operator/WithdrawalsPage.vue'), { title: 'withdrawals.title', allow: ofOperator }),
  page('points', '/points', () => import('./operator/PointsPage.vue'), { title: 'points.title', allow: ofOperator }),
  page('settlements', '/settlements', () => import('./operator/SettlementsPage.vue'), { title: 'settled.title', allow: ofOperator }),
  page('reconciliation', '/reconciliation', () => import('./operator/ReconciliationPage.vue'), { title: 'reconcile.title', allow: ofOperator }),
  page('payment-notices', '/payment-notices', () => import('./operator/PaymentNotices.vue'), { title: 'callbacks.title', allow: ofOperator }),
  page('refunds', '/refunds', () => import('./operator/RefundsPage.vue'), { title: 'refunds.title', allow: ofOperator }),
  page('carrier-notices', '/carrier-notices', () => import('./operator/CarrierNotices.vue'), { title: 'pushes.title', allow: ofOperator }),
  page('platform-webhooks', '/webhooks', () => import('./open/WebhooksPage.vue'), { title: 'hooks.title', allow: ofOperator }),
  page('failed-jobs', '/failed-jobs', () => import('./open/FailedJobsPage.vue'), { title: 'jobs.title', allow: ofOperator }),
  page('parked', '/parked', () => import('./operator/ParkedPage.vue'), { title: 'parked.title', allow: ofOperator }),
  page('lost', '/:rest(.*)*', () => import('./shell/LostPage.vue'), { title: 'lost.title', open: true }),
]

/** The first page that this person's grants make useful. */
function home(): { name: string; params?: Record<string, string> } {
  const shop = session.shops.value[0]
  if (session.isOperator.value) return { name: 'wall' }
  if (session.isReviewer.value) return { name: 'reviews' }
  if (session.hasRooms.value) return { name: 'rooms' }
  if (shop) return { name: 'shop', params: { shopId: shop.id } }
  return { name: 'start' }
}

export const router = createRouter({ history: createWebHistory('/desk/'), routes, scrollBehavior: () => ({ top: 0 }) })

router.beforeEach(async (to) => {
  await session.ready()
  const facts = pageOf(to)
  if (facts.open) return to.name === 'login' && session.signedIn.value ? { path: '/' } : true
  if (session.state.failed) return true
  const fromRoot = to.redirectedFrom?.path === '/'
  if (!session.signedIn.value) return { name: 'login', query: fromRoot ? {} : { next: to.fullPath } }
  // A redirect is resolved before the session is known; ask again now that it is.
  if (fromRoot) {
    const wanted = home()
    if (wanted.name !== to.name) return wanted
  }
  if (facts.allow && !facts.allow(to.params)) return { name: 'lost', params: { rest: to.path.slice(1).split('/') }, replace: true }
  return true
})

router.afterEach((to) => {
  document.title = `${t(pageOf(to).title)} · ${t('brand.desk')}`
})

export async function toLogin(): Promise<void> {
  const here = router.currentRoute.value
  if (here.name !== 'login') await router.push({ name: 'login', query: { next: here.fullPath } })
}
