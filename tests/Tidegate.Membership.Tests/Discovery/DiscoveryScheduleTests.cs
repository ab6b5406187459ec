using System.Net;
using Tidegate.Membership.Discovery;

namespace Tidegate.Membership.Tests.Discovery;

/// <summary>The schedules in a time that the test commands, for many seeds of chance.</summary>
public sealed class DiscoveryScheduleTests
{
    private static readonly TimeSpan Second = TimeSpan.FromSeconds(1);

    [Fact]
    public void Beacons_come_five_times_a_second_for_two_seconds_and_then_by_the_cluster_s_size()
    {
        for (int seed = 0; seed < 100; seed++)
        {
            TimeSpan[] times = Beacons(seed, members: 1, until: 62 * Second);
            Assert.InRange(times.Count(time => time < 2 * Second), 8, 14);
            Assert.InRange(times.Count(time => time >= 2 * Second), 50, 75);

            times = Beacons(seed, members: 500, until: 2_002 * Second);
            Assert.InRange(times.Count(time => time < 2 * Second), 8, 14);
            Assert.InRange(times.Count(time => time >= 2 * Second), 6, 12);
        }
    }

    [Fact]
    public void Members_that_start_together_do_not_call_in_step()
    {
        TimeSpan[] first = [.. Enumerable.Range(0, 100).Select(seed => Beacons(seed, 3, Second)[0])];
        Assert.True(first.Distinct().Count() > 90);
        Assert.All(first, time => Assert.InRange(time, TimeSpan.Zero, TimeSpan.FromMilliseconds(200)));
    }

    [Fact]
    public void After_a_pause_one_beacon_is_due_and_not_all_that_were_missed()
    {
        BeaconSchedule schedule = new(new Random(1), TimeSpan.Zero);
        schedule.Sent(3_600 * Second, members: 2);
        Assert.InRange(schedule.Due, 3_600.5 * Second, 3_602 * Second);
    }

    [Fact]
    public void A_member_whose_cluster_shrinks_does_not_wait_for_the_time_of_a_large_one()
    {
        BeaconSchedule schedule = new(new Random(1), TimeSpan.Zero);
        schedule.Sent(10 * Second, members: 1_000);
        Assert.True(schedule.Due > 300 * Second);
        schedule.MembersChanged(20 * Second, members: 2);
        Assert.InRange(schedule.Due, 20 * Second, 22 * Second);
    }

    [Fact]
    public void A_wait_grows_by_half_up_to_its_bound_and_begins_anew_after_a_success()
    {
        Random random = new(1);
        BackOff backOff = new(10 * Second);
        double[] expected = [1, 1.5, 2.25, 3.375, 5.0625, 7.59375, 10, 10, 10];
        foreach (double seconds in expected)
        {
            Assert.InRange(backOff.Next(random) / Second, seconds * 0.8, seconds * 1.2);
        }

        backOff.Reset();
        Assert.InRange(backOff.Next(random) / Second, 0.8, 1.2);
    }

    [Fact]
    public void Every_seed_is_tried_at_once_and_then_for_ever()
    {
        DiscoveryTarget dead = DiscoveryTarget.Parse("tcp://dead.example:1");
        DiscoveryTarget alive = DiscoveryTarget.Parse("tcp://alive.example:1");
        SeedSchedule schedule = new([dead, alive], new Random(1), TimeSpan.Zero);
        Dictionary<DiscoveryTarget, int> tries = new() { { dead, 0 }, { alive, 0 } };
        Assert.Equal([dead, alive], schedule.Begin(TimeSpan.Zero));
        Assert.Empty(schedule.Begin(100 * Second));
        Assert.Equal(TimeSpan.MaxValue, schedule.Due);
        schedule.Ended(dead, false, TimeSpan.Zero);
        schedule.Ended(alive, true, TimeSpan.Zero);
        while (schedule.Due < 3_600 * Second)
        {
            TimeSpan now = schedule.Due;
            foreach (DiscoveryTarget seed in schedule.Begin(now))
            {
                tries[seed]++;
                schedule.Ended(seed, seed == alive, now);
            }
        }

        Assert.InRange(tries[dead], 300, 450);
        Assert.InRange(tries[alive], 700, 720);
        Assert.Equal(TimeSpan.MaxValue, new SeedSchedule([], new Random(1), TimeSpan.Zero).Due);
    }

    [Fact]
    public void An_address_that_calls_is_followed_once_and_ever_more_rarely_while_that_fails()
    {
        Sightings sightings = new(new Random(1));
        MemberAddress address = Address(1);
        Assert.Equal(BeaconRefusal.None, sightings.TryBegin(address, TimeSpan.Zero));
        Assert.Equal(BeaconRefusal.TooSoon, sightings.TryBegin(address, 100 * Second));
        sightings.Ended(address, joined: false, TimeSpan.Zero);

        // Ten replayed beacons a second for an hour.
        int followed = 0;
        for (TimeSpan now = TimeSpan.Zero; now < 3_600 * Second; now += Second / 10)
        {
            if (sightings.TryBegin(address, now) == BeaconRefusal.None)
            {
                followed++;
                sightings.Ended(address, joined: false, now);
            }
        }

        Assert.InRange(followed, 100, 160);
    }

    [Fact]
    public void Whoever_was_joined_is_followed_again_at_once_a_second_later()
    {
        Sightings sightings = new(new Random(1));
        Assert.Equal(BeaconRefusal.None, sightings.TryBegin(Address(1), TimeSpan.Zero));
        sightings.Ended(Address(1), joined: true, TimeSpan.Zero);
        Assert.Equal(BeaconRefusal.TooSoon, sightings.TryBegin(Address(1), 0.7 * Second));
        Assert.Equal(BeaconRefusal.None, sightings.TryBegin(Address(1), 1.3 * Second));
    }

    [Fact]
    public void Addresses_and_joins_under_way_are_bounded_and_old_addresses_make_room()
    {
        Sightings sightings = new(new Random(1));
        int followed = 0;
        for (int i = 0; i < 100_000; i++)
        {
            followed += sightings.TryBegin(Address(i), TimeSpan.Zero) == BeaconRefusal.None ? 1 : 0;
            Assert.InRange(sightings.Count, 1, Sightings.Maximum);
        }

        Assert.Equal(Sightings.MaximumJoins, followed);
        Assert.Equal(BeaconRefusal.TooMany, sightings.TryBegin(Address(200_000), 59 * Second));
        sightings.Ended(Address(0), joined: false, 60 * Second);
        Assert.Equal(BeaconRefusal.None, sightings.TryBegin(Address(200_000), 60 * Second));
        Assert.InRange(sightings.Count, Sightings.MaximumJoins, Sightings.MaximumJoins + 1);
    }

    private static TimeSpan[] Beacons(int seed, int members, TimeSpan until)
    {
        BeaconSchedule schedule = new(new Random(seed), TimeSpan.Zero);
        List<TimeSpan> times = [];
        while (schedule.Due < until)
        {
            TimeSpan now = schedule.Due;
            times.Add(now);
            schedule.Sent(now, members);
        }

        return [.. times];
    }

    private static MemberAddress Address(int i) =>
        MemberAddress.From(new IPEndPoint(new IPAddress([10, (byte)(i >> 16), (byte)(i >> 8), (byte)i]), 7946));
}
