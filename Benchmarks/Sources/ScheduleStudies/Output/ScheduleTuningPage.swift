/// The page of `Results/schedule-tuning`.
enum ScheduleTuningPage {
  static let quality = "tuning-quality"
  static let additivity = "additivity"

  static let page = SectionedPage(
    head: """
      # Kernel schedules: tuning, and networks as the sum of their operators

          make tuning-results

      writes this page, its tables and figures, and `../co-design-motivation`. Times are of one machine and one run; ratios within it are what
      counts.
      """, sections: [quality, additivity])
}
