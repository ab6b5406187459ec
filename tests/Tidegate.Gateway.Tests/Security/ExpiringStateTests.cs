using Tidegate.Gateway.Security;

namespace Tidegate.Gateway.Tests.Security;

public sealed class ExpiringStateTests
{
    private readonly StandingTime _time = new();

    [Fact]
    public void Something_is_remembered_until_its_time_has_come()
    {
        var state = new ExpiringState<string>(_time, 10);
        Assert.True(state.TryAdd("a", "thing", TimeSpan.FromSeconds(10)));

        _time.Advance(TimeSpan.FromSeconds(9));
        Assert.True(state.TryGet("a", out string? value));
        Assert.Equal("thing", value);
        Assert.False(state.TryAdd("a", "other", TimeSpan.FromSeconds(10)));

        _time.Advance(TimeSpan.FromSeconds(1));
        Assert.False(state.TryGet("a", out _));
        Assert.True(state.TryAdd("a", "other", TimeSpan.FromSeconds(10)));
    }

    [Fact]
    public void One_too_many_is_refused_and_none_is_forgotten_for_it()
    {
        var state = new ExpiringState<string>(_time, 2);
        state.TryAdd("a", "", TimeSpan.FromSeconds(10));
        state.TryAdd("b", "", TimeSpan.FromSeconds(20));

        Assert.Throws<LoginUnavailableException>(() => state.TryAdd("c", "", TimeSpan.FromSeconds(1)));
        // What is there already is known as such, however full it is.
        Assert.False(state.TryAdd("a", "", TimeSpan.FromSeconds(1)));

        _time.Advance(TimeSpan.FromSeconds(10));
        Assert.True(state.TryAdd("c", "", TimeSpan.FromSeconds(1)));
        Assert.True(state.TryGet("b", out _));
    }

    [Fact]
    public void Adding_and_removing_by_turns_takes_no_more_memory_than_adding()
    {
        var state = new ExpiringState<string>(_time, 2);
        for (int i = 0; i < 2; i++)
        {
            Assert.True(state.TryAdd("a", "", TimeSpan.FromSeconds(10)));
            Assert.True(state.Remove("a"));
        }

        Assert.Throws<LoginUnavailableException>(() => state.TryAdd("a", "", TimeSpan.FromSeconds(10)));
    }

    [Fact]
    public void What_was_removed_and_added_again_lives_as_long_as_the_later_one()
    {
        var state = new ExpiringState<string>(_time, 10);
        state.TryAdd("a", "first", TimeSpan.FromSeconds(10));
        state.Remove("a");
        state.TryAdd("a", "second", TimeSpan.FromSeconds(20));

        _time.Advance(TimeSpan.FromSeconds(15));

        Assert.True(state.TryGet("a", out string? value));
        Assert.Equal("second", value);
    }

    [Fact]
    public async Task Of_many_who_take_one_thing_one_has_it()
    {
        var state = new ExpiringState<string>(_time, 100_000);
        for (int i = 0; i < 100; i++)
        {
            string key = $"{i}";
            bool[] firsts = await Task.WhenAll(Enumerable.Range(0, 8).Select(_ => Task.Run(() => state.TryAdd(key, "", TimeSpan.FromSeconds(10)))));
            bool[] takers = await Task.WhenAll(Enumerable.Range(0, 8).Select(_ => Task.Run(() => state.Remove(key))));

            Assert.Single(firsts, true);
            Assert.Single(takers, true);
        }
    }
}
