# Makes ols.csv beside it, the numbers that the tests of estimators, trends and gap compare with.
# Run from the top of the checkout, with R's base packages only:
#   Rscript tests/reference/ols.R
# It shares no code with the package: the CSVs are read, filtered and fitted by R alone.

series <- list(
  peak_flops = NULL, dram_bandwidth = NULL, interconnect_bandwidth = NULL, memory_capacity = NULL,
  model_size = "transformer", training_compute = "transformer"
)
years_ahead <- c(2000, 2023, 2030)

fit <- function(name) {
  rows <- read.csv(file.path("datasets", "gholami2024", paste0(name, ".csv")))
  kind <- series[[name]]
  if (!is.null(kind)) rows <- rows[rows$kind == kind, ]
  rows$year <- as.numeric(as.Date(rows$date)) / 365.25 + 1970
  lm(log10(value) ~ year, data = rows)
}

numbers <- function(name) {
  model <- fit(name)
  slope <- coef(model)[["year"]]
  values <- c(
    n_obs = nobs(model),
    slope = slope,
    slope_error = coef(summary(model))["year", "Std. Error"],
    r_squared = summary(model)$r.squared,
    rate = 10^(2 * slope),
    ci_low = 10^(2 * confint(model)["year", 1]),
    ci_high = 10^(2 * confint(model)["year", 2]),
    ci_low_80 = 10^(2 * confint(model, level = 0.8)["year", 1]),
    ci_high_80 = 10^(2 * confint(model, level = 0.8)["year", 2]),
    doubling_time_years = log10(2) / slope
  )
  for (interval in c("confidence", "prediction")) {
    predicted <- 10^predict(model, data.frame(year = years_ahead), interval = interval)
    for (row in seq_along(years_ahead)) {
      new <- predicted[row, ]
      names(new) <- paste(c("value", paste0(interval, "_low"), paste0(interval, "_high")), years_ahead[row], sep = "_")
      values <- c(values, new[setdiff(names(new), names(values))])
    }
  }
  data.frame(series = name, quantity = names(values), value = unname(values))
}

# The ratio of two lines as a difference of slopes with unequal variances, degrees of freedom by Satterthwaite.
gap <- function(top, bottom) {
  a <- fit(top)
  b <- fit(bottom)
  combine <- function(estimate, variances) {
    freedom <- sum(variances)^2 / (variances[1]^2 / df.residual(a) + variances[2]^2 / df.residual(b))
    estimate + c(0, -1, 1) * qt(0.975, freedom) * sqrt(sum(variances))
  }
  rate <- 10^(2 * combine(coef(a)[["year"]] - coef(b)[["year"]], c(vcov(a)["year", "year"], vcov(b)["year", "year"])))
  new <- data.frame(year = 2030)
  pa <- predict(a, new, se.fit = TRUE)
  pb <- predict(b, new, se.fit = TRUE)
  ratio <- 10^combine(pa$fit - pb$fit, c(pa$se.fit^2 + pa$residual.scale^2, pb$se.fit^2 + pb$residual.scale^2))
  data.frame(
    series = paste(top, bottom, sep = "/"),
    quantity = c("rate", "ci_low", "ci_high", "ratio_2030", "low_2030", "high_2030"),
    value = c(rate, ratio)
  )
}

result <- do.call(rbind, c(lapply(names(series), numbers), list(gap("peak_flops", "dram_bandwidth"))))
result$value <- trimws(formatC(result$value, digits = 12, format = "g"))
write.csv(result, "tests/reference/ols.csv", row.names = FALSE, quote = FALSE)
