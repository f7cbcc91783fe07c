# Makes decomposition.csv beside it, the numbers that the test of decompositions compares with.
# Run from the top of the checkout, with R's base packages only:
#   Rscript tests/reference/decomposition.R
# It shares no code with the package: the CSVs are read and fitted by R alone.
# Gelbach (2016): the pooled slope less that with group effects is the sum over groups of the effect times the
# slope of the group's dummy on the year. R takes the first group for zero, so that effects are heights above it.

decompose <- function(name, by) {
  rows <- read.csv(file.path("datasets", "gholami2024", paste0(name, ".csv")))
  rows$year <- as.numeric(as.Date(rows$date)) / 365.25 + 1970
  rows$group <- factor(rows[[by]])
  pooled <- lm(log10(value) ~ year, data = rows)
  within <- lm(log10(value) ~ year + group, data = rows)
  effects <- setNames(rep(0, nlevels(rows$group)), levels(rows$group))
  others <- levels(rows$group)[-1]
  effects[others] <- coef(within)[paste0("group", others)]
  heights <- effects - mean(effects[as.character(rows$group)])
  slopes <- sapply(levels(rows$group), function(each) {
    coef(lm(as.numeric(group == each) ~ year, data = rows))[["year"]]
  })
  total <- data.frame(
    series = name, by = by, group = "", quantity = c("pooled", "within", "mix"),
    value = c(coef(pooled)[["year"]], coef(within)[["year"]], sum(heights * slopes))
  )
  of_groups <- data.frame(
    series = name, by = by, group = rep(levels(rows$group), 2),
    quantity = rep(c("height", "share_slope"), each = nlevels(rows$group)), value = c(heights, slopes)
  )
  rbind(total, of_groups)
}

parts <- rbind(
  decompose("peak_flops", "kind"), decompose("peak_flops", "vendor"),
  decompose("dram_bandwidth", "vendor"), decompose("interconnect_bandwidth", "vendor")
)
parts$value <- format(parts$value, digits = 15)
write.csv(
  parts, file.path("tests", "reference", "decomposition.csv"), row.names = FALSE, quote = FALSE
)
