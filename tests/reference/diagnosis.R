# Makes diagnosis.csv beside it, the numbers that the tests of the diagnosis compare with.
# Run from the top of the checkout, with R's base packages only:
#   Rscript tests/reference/diagnosis.R
# It shares no code with the package. clusters_rows.csv, which it reads, are curated peak FLOPS; see clusters.R.
# Breusch-Pagan and Breusch-Godfrey are written out, as lmtest is not among R's base packages.

rows <- read.csv("tests/reference/clusters_rows.csv", stringsAsFactors = TRUE)
rows$even <- 1 / as.numeric(table(rows$calendar_year)[as.character(rows$calendar_year)])
shown <- seq(1, nrow(rows), by = 40)

models <- list(
  line = lm(log10_value ~ year, rows),
  classes = lm(log10_value ~ year + product_class, rows),
  weighted = lm(log10_value ~ year, rows, weights = even)
)

of_rows <- function(name, quantity, values) {
  data.frame(design = name, quantity = quantity, row = shown - 1, value = values[shown])
}

influence_of <- function(name) {
  model <- models[[name]]
  without <- coef(model)[["year"]] - lm.influence(model)$coefficients[, "year"]
  rbind(
    of_rows(name, "leverage", hatvalues(model)),
    of_rows(name, "standardized", rstandard(model)),
    of_rows(name, "cooks_distance", cooks.distance(model)),
    of_rows(name, "slope_without", without)
  )
}

of_all <- function(name, values) {
  data.frame(design = name, quantity = names(values), row = NA, value = unname(values))
}

# Koenker's statistic: n R^2 of the squared residuals on the date.
breusch_pagan <- function(residuals) {
  statistic <- length(residuals) * summary(lm(residuals^2 ~ rows$year))$r.squared
  c(breusch_pagan = statistic, breusch_pagan_p = pchisq(statistic, 1, lower.tail = FALSE))
}

# F of the residual before, zero before the first, beside the date.
breusch_godfrey <- function(year, residuals) {
  order <- order(year)
  year <- year[order]
  residuals <- residuals(lm(residuals[order] ~ year))
  before <- c(0, head(residuals, -1))
  test <- anova(lm(residuals ~ year), lm(residuals ~ year + before))
  c(
    breusch_godfrey = test$F[2], breusch_godfrey_p = test[["Pr(>F)"]][2],
    durbin_watson = sum(diff(residuals)^2) / sum(residuals^2)
  )
}

# Each architecture predicted by the lines without it; of a class that is then unknown, the average line.
left_out <- function(classes) {
  loss <- 0
  for (each in levels(rows$architecture)) {
    out <- rows$architecture == each
    train <- droplevels(rows[!out, ])
    test <- rows[out, ]
    if (classes) {
      model <- lm(log10_value ~ year + product_class, train)
      average <- mean(predict(model) - coef(model)[["year"]] * train$year)
      known <- as.character(test$product_class) %in% levels(train$product_class)
      fitted <- average + coef(model)[["year"]] * test$year
      if (any(known)) fitted[known] <- predict(model, test[known, ])
    } else {
      fitted <- predict(lm(log10_value ~ year, train), test)
    }
    loss <- loss + sum((test$log10_value - fitted)^2)
  }
  sqrt(loss / nrow(rows))
}

line <- residuals(models$line)
by_architecture <- aggregate(cbind(year = rows$year, residuals = line), list(rows$architecture), mean)
by_date <- aggregate(residuals ~ year, transform(by_architecture, year = round(year, 6)), mean)
all <- rbind(
  do.call(rbind, lapply(names(models), influence_of)),
  of_all("line", c(
    shapiro = shapiro.test(line)$statistic[["W"]], shapiro_p = shapiro.test(line)$p.value,
    breusch_pagan(line), breusch_godfrey(by_date$year, by_date$residuals),
    aic = AIC(models$line), rmse = left_out(FALSE),
    f_architecture = anova(lm(line ~ rows$architecture))$F[1],
    p_vendor = anova(lm(line ~ rows$vendor))[["Pr(>F)"]][1]
  )),
  of_all("classes", c(aic = AIC(models$classes), rmse = left_out(TRUE))),
  of_all("weighted", c(aic = AIC(models$weighted), breusch_pagan(residuals(models$weighted))))
)
all$value <- format(all$value, digits = 15, trim = TRUE)
write.csv(all, "tests/reference/diagnosis.csv", row.names = FALSE, quote = FALSE, na = "")
