import { createRouter, createWebHistory, type RouteRecordRaw } from 'vue-router'
import { useMe } from './me'
import { t, type WordKey } from './words'

declare module 'vue-router' {
  interface RouteMeta {
    /** Key of the document's title. */
    title: WordKey
    /** Which of the three tabs is lit; pages without one show no tab bar. */
    tab?: 'live' | 'mall' | 'me'
    signedIn?: boolean
  }
}

const routes: RouteRecordRaw[] = [
  { path: '/', component: () => import('./home/LivePage.vue'), meta: { title: 'nav.live', tab: 'live' } },
  { path: '/mall', component: () => import('./home/MallPage.vue'), meta: { title: 'nav.mall', tab: 'mall' } },
  { path: '/products/:productId', component: () => import('./home/ProductPage.vue'), props: true, meta: { title: 'nav.product' } },
  { path: '/shops/:shopId', component: () => import('./home/ShopPage.vue'), props: true, meta: { title: 'nav.shop' } },
  { path: '/c/:creatorId', component: () => import('./showcase/ShowcasePage.vue'), props: true, meta: { title: 'nav.showcase' } },
  { path: '/rooms/:roomId', component: () => import('./room/RoomPage.vue'), props: true, meta: { title: 'nav.room' } },
  { path: '/orders', component: () => import('./orders/OrdersPage.vue'), meta: { title: 'nav.orders', signedIn: true } },
  { path: '/orders/:orderId', component: () => import('./orders/OrderPage.vue'), props: true, meta: { title: 'nav.order', signedIn: true } },
  { path: '/orders/:orderId/balance', component: () => import('./presale/BalancePage.vue'), props: true, meta: { title: 'nav.order', signedIn: true } },
  { path: '/presales', component: () => import('./presale/PresalesPage.vue'), meta: { title: 'nav.presales' } },
  { path: '/orders/:orderId/parcels', component: () => import('./parcel/TracePage.vue'), props: true, meta: { title: 'nav.order', signedIn: true } },
  { path: '/aftersales', component: () => import('./aftersales/CasesPage.vue'), meta: { title: 'nav.aftersales', signedIn: true } },
  { path: '/aftersales/new', component: () => import('./aftersales/AskPage.vue'), meta: { title: 'nav.aftersales_ask', signedIn: true } },
  { path: '/aftersales/:caseId', component: () => import('./aftersales/CasePage.vue'), props: true, meta: { title: 'nav.aftersales_case', signedIn: true } },
  { path: '/me', component: () => import('./me/MePage.vue'), meta: { title: 'nav.me', tab: 'me' } },
  { path: '/me/addresses', component: () => import('./me/AddressesPage.vue'), meta: { title: 'nav.addresses', signedIn: true } },
  { path: '/me/coupons', component: () => import('./coupon/MyCouponsPage.vue'), meta: { title: 'nav.coupons', signedIn: true } },
  { path: '/me/points', component: () => import('./points/MyPointsPage.vue'), meta: { title: 'nav.points', signedIn: true } },
  { path: '/me/realname', component: () => import('./me/RealnamePage.vue'), meta: { title: 'nav.realname', signedIn: true } },
  { path: '/me/leave', component: () => import('./me/LeavePage.vue'), meta: { title: 'nav.leave', signedIn: true } },
  { path: '/login', component: () => import('./me/LoginPage.vue'), meta: { title: 'nav.login' } },
  { path: '/agreement', component: () => import('./me/TermsPage.vue'), props: { kind: 'agreement' }, meta: { title: 'nav.agreement' } },
  { path: '/privacy', component: () => import('./me/TermsPage.vue'), props: { kind: 'privacy' }, meta: { title: 'nav.privacy' } },
  { path: '/:lost(.*)*', component: () => import('./home/LostPage.vue'), meta: { title: 'nav.lost' } },
]

export const router = createRouter({
  history: createWebHistory(),
  routes,
  scrollBehavior: (_to, _from, saved) => saved ?? { top: 0 },
})

router.beforeEach(async (to) => {
  if (!to.meta.signedIn) return true
  const me = useMe()
  await me.ready()
  return me.signedIn || me.fault ? true : { path: '/login', query: { back: to.fullPath } }
})

router.afterEach((to) => {
  document.title = `${t(to.meta.title)} · ${t('app.name')}`
})

/** Only a path of this site may be returned to. */
export function safeBack(value: unknown): string {
  return typeof value === 'string' && /^\/(?![/\\])/.test(value) ? value : '/'
}

/** After a new release the old page's lazy parts are gone: load the page anew, once. */
router.onError((fault, to) => {
  const gone = /dynamically imported module|Importing a module script failed|error loading/i.test(String(fault))
  const marker = 'kaibo.reloaded'
  if (gone && sessionStorage.getItem(marker) !== to.fullPath) {
    sessionStorage.setItem(marker, to.fullPath)
    location.assign(to.fullPath)
  }
})
