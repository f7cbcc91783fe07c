# Makes within.csv beside it, the numbers that the test of class effects compares with.
# Run from the top of the checkout, with R's base packages only:
#   Rscript tests/reference/within.R
# It shares no code with the package: the CSVs are read and fitted by R alone.

fit <- function(name) {
  rows <- read.csv(file.path("datasets", "gholami2024", paste0(name, ".csv")))
  rows$year <- as.numeric(as.Date(rows$date)) / 365.25 + 1970
  line <- lm(log10(value) ~ year + factor(vendor), data = rows)
  slope <- summary(line)$coefficients["year", ]
  interval <- confint(line)["year", ]
  data.frame(
    series = name, slope = slope[["Estimate"]], slope_error = slope[["Std. Error"]],
    low = interval[[1]], high = interval[[2]], freedom = line$df.residual,
    residual_variance = summary(line)$sigma^2
  )
}

names <- c("peak_flops", "dram_bandwidth", "interconnect_bandwidth", "memory_capacity")
write.csv(
  format(do.call(rbind, lapply(names, fit)), digits = 15),
  file.path("tests", "reference", "within.csv"), row.names = FALSE, quote = FALSE
)
