//! Dates as the archive format holds them: local time without a zone, two-second steps.
//!
//! Spec: APPNOTE 4.4.6 <https://pkware.cachefly.net/webdocs/casestudies/APPNOTE.TXT>

/// DOS date and time, as the archive holds them.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct DosTime {
    /// Years from 1980, month, day.
    pub date: u16,
    /// Hours, minutes, two-second steps.
    pub time: u16,
}

impl DosTime {
    /// 1980-01-01 00:00:00.
    pub const MIN: Self = Self {
        date: 0x21,
        time: 0,
    };
    /// 2107-12-31 23:59:58.
    pub const MAX: Self = Self {
        date: 0xff9f,
        time: 0xbf7d,
    };

    /// Seconds since 1970-01-01 UTC, rounded down to even seconds and brought into the
    /// range of the format.
    #[must_use]
    pub fn from_epoch(seconds: i64) -> Self {
        const DAY: i64 = 86_400;
        let (year, month, day) = civil(seconds.div_euclid(DAY));
        if year < 1980 {
            return Self::MIN;
        }
        let Ok(years) = u16::try_from(year.saturating_sub(1980)) else {
            return Self::MAX;
        };
        if years > 127 {
            return Self::MAX;
        }
        let of_day = seconds.rem_euclid(DAY);
        let part = |value: i64| u16::try_from(value).unwrap_or(0);
        Self {
            date: (years << 9) | (part(month) << 5) | part(day),
            time: (part(of_day / 3600) << 11)
                | (part(of_day / 60 % 60) << 5)
                | part(of_day % 60 / 2),
        }
    }

    /// The nearest valid date and time: month 0 becomes 1, second 62 becomes 58.
    #[must_use]
    pub fn clamped(self) -> Self {
        let year = self.date >> 9;
        let month = (self.date >> 5 & 0xf).clamp(1, 12);
        let day = (self.date & 0x1f).clamp(1, days_in(year, month));
        let hour = (self.time >> 11).min(23);
        let minute = (self.time >> 5 & 0x3f).min(59);
        let step = (self.time & 0x1f).min(29);
        Self {
            date: (year << 9) | (month << 5) | day,
            time: (hour << 11) | (minute << 5) | step,
        }
    }
}

/// Days of a month; `years` from 1980. 2100 is the format's only century without a leap day.
fn days_in(years: u16, month: u16) -> u16 {
    match month {
        4 | 6 | 9 | 11 => 30,
        2 if years.is_multiple_of(4) && years != 120 => 29,
        2 => 28,
        _ => 31,
    }
}

/// Year, month and day of a count of days from 1970-01-01, in the Gregorian calendar.
/// Years start in March here, so that the leap day comes last and months need no table.
fn civil(days: i64) -> (i64, i64, i64) {
    const DAYS_PER_ERA: i64 = 146_097;
    const MARCH_YEAR_0: i64 = 719_468;
    let days = days.saturating_add(MARCH_YEAR_0);
    let (era, of_era) = (days.div_euclid(DAYS_PER_ERA), days.rem_euclid(DAYS_PER_ERA));
    let year_of_era = (of_era - of_era / 1_460 + of_era / 36_524 - of_era / 146_096) / 365;
    let of_year = of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let month_from_march = (5 * of_year + 2) / 153;
    let day = of_year - (153 * month_from_march + 2) / 5 + 1;
    let month = (month_from_march + 2) % 12 + 1;
    let year = era * 400 + year_of_era + i64::from(month <= 2);
    (year, month, day)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parts(at: DosTime) -> (u16, u16, u16, u16, u16, u16) {
        (
            1980 + (at.date >> 9),
            at.date >> 5 & 0xf,
            at.date & 0x1f,
            at.time >> 11,
            at.time >> 5 & 0x3f,
            (at.time & 0x1f) * 2,
        )
    }

    #[test]
    fn epochs_become_utc_dates_and_stay_in_range() {
        let cases = [
            (0, (1980, 1, 1, 0, 0, 0)),
            (-1, (1980, 1, 1, 0, 0, 0)),
            (i64::MIN, (1980, 1, 1, 0, 0, 0)),
            (315_532_799, (1980, 1, 1, 0, 0, 0)),
            (315_532_801, (1980, 1, 1, 0, 0, 0)),
            (951_782_399, (2000, 2, 28, 23, 59, 58)),
            (951_782_400, (2000, 2, 29, 0, 0, 0)),
            (1_700_000_001, (2023, 11, 14, 22, 13, 20)),
            (4_107_542_400, (2100, 3, 1, 0, 0, 0)),
            (4_354_819_199, (2107, 12, 31, 23, 59, 58)),
            (4_354_819_200, (2107, 12, 31, 23, 59, 58)),
            (i64::MAX, (2107, 12, 31, 23, 59, 58)),
        ];
        for (seconds, expected) in cases {
            assert_eq!(parts(DosTime::from_epoch(seconds)), expected, "{seconds}");
        }
    }

    #[test]
    fn every_clamped_date_is_valid_and_clamping_twice_is_once() {
        for date in 0..=u16::MAX {
            let at = DosTime { date, time: date }.clamped();
            let (year, month, day, hour, minute, second) = parts(at);
            assert!((1..=12).contains(&month) && day >= 1);
            assert!(day <= days_in(year - 1980, month));
            assert!(hour < 24 && minute < 60 && second < 60);
            assert_eq!(at.clamped(), at);
        }
        assert_eq!(
            parts(DosTime { date: 0, time: 0 }.clamped()),
            (1980, 1, 1, 0, 0, 0)
        );
        let good = DosTime::from_epoch(1_700_000_000);
        assert_eq!(good.clamped(), good);
    }
}
