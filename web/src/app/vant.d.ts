/** The Vant parts that the templates use; the build resolves them by name. */
declare module 'vue' {
  interface GlobalComponents {
    VanArea: (typeof import('vant'))['Area']
    VanPullRefresh: (typeof import('vant'))['PullRefresh']
    VanSwipe: (typeof import('vant'))['Swipe']
    VanSwipeItem: (typeof import('vant'))['SwipeItem']
  }
}

export {}
