using Microsoft.Extensions.Logging;
using Tidegate.Gateway.Configuration;
using Tidegate.Gateway.Security;

namespace Tidegate.Gateway.Tests.Security;

/// <summary>Users in a <c>jaas-config.xml</c>: docs/spec/compat.md, chapter 4.4.</summary>
public sealed class FileLoginModuleTests : IDisposable
{
    private readonly UsersFile _users = new();
    private readonly TimerlessTime _time = new();
    private readonly CollectedLog _log = new();
    private readonly HashingGate _gate = new();

    public void Dispose()
    {
        _users.Dispose();
        _log.Dispose();
        _gate.Dispose();
    }

    [Theory]
    [InlineData("joe", "welcome", null, "AUTHORIZED")]
    [InlineData("admin", "admin", null, "ADMINISTRATOR AUTHORIZED")]
    [InlineData("joe", "Welcome", "Wrong password", "")]
    [InlineData("joe", "", "Wrong password", "")]
    [InlineData("JOE", "welcome", "User 'JOE' not found", "")]
    [InlineData("", "", "User '' not found", "")]
    public async Task It_knows_those_in_the_file_by_name_and_password_with_all_roles_that_come_with_theirs(string user, string password, string? reason, string roles)
    {
        LoginResult result = await Try(Module(), user, password);

        Assert.Equal((reason is null, reason), (result.IsSuccess, result.Reason));
        Assert.Equal(roles, string.Join(' ', result.Roles.Order()));
    }

    [Fact]
    public async Task A_hashed_password_is_as_good_as_a_plain_one()
    {
        _users.Write($"<user><name>joe</name><password>{PasswordHash.Create("welcome", iterations: 100)}</password></user>");
        FileLoginModule module = Module();

        Assert.True((await Try(module, "joe", "welcome")).IsSuccess);
        Assert.True((await Try(module, "joe", "welcome")).IsSuccess);
        Assert.False((await Try(module, "joe", "welcome ")).IsSuccess);
        Assert.False((await Try(module, "jane", "welcome")).IsSuccess);
    }

    [Fact]
    public async Task The_password_of_one_is_not_that_of_another_however_it_is_kept()
    {
        _users.Write(
            $"<user><name>hashed</name><password>{PasswordHash.Create("one", iterations: 300)}</password></user>" +
            $"<user><name>quick</name><password>{PasswordHash.Create("two", iterations: 100)}</password></user>" +
            "<user><name>plain</name><password>three</password></user>");
        FileLoginModule module = Module();
        Dictionary<string, string> right = new() { ["hashed"] = "one", ["quick"] = "two", ["plain"] = "three" };

        foreach (string user in (string[])[.. right.Keys, "stranger"])
        {
            // Twice: what was right is remembered.
            foreach (string password in (string[])["one", "two", "three", "one", "two", "three"])
            {
                Assert.Equal(right.GetValueOrDefault(user) == password, (await Try(module, user, password)).IsSuccess);
            }
        }
    }

    [Fact]
    public async Task A_file_that_takes_the_place_of_another_is_noticed_though_it_has_its_time_and_length()
    {
        FileLoginModule module = Module();
        DateTime written = File.GetLastWriteTimeUtc(_users.Path);
        string replaced = _users.Path + ".new";
        await File.WriteAllTextAsync(replaced, (await File.ReadAllTextAsync(_users.Path)).Replace("welcome", "goodbye", StringComparison.Ordinal));
        File.SetLastWriteTimeUtc(replaced, written);
        File.Move(replaced, _users.Path, overwrite: true);
        _time.Advance(TimeSpan.FromSeconds(1));

        Assert.False((await Try(module, "joe", "welcome")).IsSuccess);
        Assert.True((await Try(module, "joe", "goodbye")).IsSuccess);
    }

    [Fact]
    public async Task A_change_that_could_not_be_read_at_first_is_not_missed()
    {
        FileLoginModule module = Module();
        string aside = _users.Path + ".aside";
        File.Move(_users.Path, aside);
        for (int second = 0; second < 3; second++)
        {
            _time.Advance(TimeSpan.FromSeconds(1));
            Assert.True((await Try(module, "joe", "welcome")).IsSuccess);
        }

        Assert.Single(_log.At(LogLevel.Warning));
        await File.WriteAllTextAsync(aside, (await File.ReadAllTextAsync(aside)).Replace("welcome", "goodbye", StringComparison.Ordinal));
        File.Move(aside, _users.Path);
        _time.Advance(TimeSpan.FromSeconds(1));

        Assert.True((await Try(module, "joe", "goodbye")).IsSuccess);
        Assert.False((await Try(module, "joe", "welcome")).IsSuccess);
    }

    [Fact]
    public async Task A_link_that_leads_elsewhere_is_a_change()
    {
        string one = _users.Path + ".1", two = _users.Path + ".2";
        await File.WriteAllTextAsync(two, (await File.ReadAllTextAsync(_users.Path)).Replace("welcome", "goodbye", StringComparison.Ordinal));
        File.Move(_users.Path, one);
        File.CreateSymbolicLink(_users.Path, one);
        FileLoginModule module = Module();
        Assert.True((await Try(module, "joe", "welcome")).IsSuccess);

        File.CreateSymbolicLink(_users.Path + ".new", two);
        File.Move(_users.Path + ".new", _users.Path, overwrite: true);
        _time.Advance(TimeSpan.FromSeconds(1));

        Assert.True((await Try(module, "joe", "goodbye")).IsSuccess);
        Assert.False((await Try(module, "joe", "welcome")).IsSuccess);
    }

    [Theory]
    [InlineData("<!DOCTYPE jaas-config [<!ENTITY a \"aaaaaaaaaa\"><!ENTITY b \"&a;&a;&a;&a;&a;&a;&a;&a;\">]>\n<jaas-config xmlns=\"http://xmlns.kaazing.com/jaas-config/centurion\"><user><name>&b;</name></user></jaas-config>")]
    [InlineData("<!DOCTYPE jaas-config SYSTEM \"http://127.0.0.1:1/elsewhere\"><jaas-config xmlns=\"http://xmlns.kaazing.com/jaas-config/centurion\"/>")]
    public void Entities_and_what_is_elsewhere_are_no_part_of_a_file_of_users(string content)
    {
        _users.WriteWhole(content);

        Assert.Contains("The file has a document type", Assert.Throws<ConfigurationException>(Module).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_file_of_users_that_is_nested_without_end_is_refused()
    {
        _users.Write(string.Concat(Enumerable.Repeat("<user>", 100_000)));

        Assert.Contains("Elements are nested more than", Assert.Throws<ConfigurationException>(Module).Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task While_a_file_is_written_anew_under_load_nobody_gets_in_by_half_of_it()
    {
        FileLoginModule module = Module();
        string whole = await File.ReadAllTextAsync(_users.Path);
        using var done = new CancellationTokenSource();
        Task<int>[] clients = [.. Enumerable.Range(0, 4).Select(_ => Task.Run(async () =>
        {
            int tries = 0;
            for (; !done.IsCancellationRequested; tries++)
            {
                Assert.True((await Try(module, "joe", "welcome")).IsSuccess);
                Assert.False((await Try(module, "jane", "welcome")).IsSuccess);
                await Task.Yield();
            }

            return tries;
        }))];
        for (int length = 0; length < whole.Length; length += 7)
        {
            // In place, as editors do it: what is read meanwhile breaks off.
            await File.WriteAllTextAsync(_users.Path, whole[..length]);
            _time.Advance(TimeSpan.FromSeconds(1));
            await Try(module, "joe", "welcome");
        }

        await File.WriteAllTextAsync(_users.Path, whole.Replace("welcome", "goodbye", StringComparison.Ordinal));
        await done.CancelAsync();
        await Task.WhenAll(clients);
        _time.Advance(TimeSpan.FromSeconds(1));

        Assert.True((await Try(module, "joe", "goodbye")).IsSuccess);
        Assert.False((await Try(module, "joe", "welcome")).IsSuccess);
    }

    [Fact]
    public async Task A_pipe_in_place_of_the_file_is_refused_and_while_it_is_there_the_users_before_stay()
    {
        FileLoginModule module = Module();
        File.Delete(_users.Path);
        Assert.Equal(0, Unix.MakePipe(_users.Path));
        _time.Advance(TimeSpan.FromSeconds(1));

        Assert.True((await Try(module, "joe", "welcome")).IsSuccess);
        Assert.Equal("it is a pipe, and only ordinary files are read", Assert.Throws<IOException>(Module).Message);
        Assert.Equal(
            [$"The users in {_users.Path} have changed, and can not be read; the ones before stay: it is a pipe, and only ordinary files are read"], _log.At(LogLevel.Warning));
    }

    [Fact]
    public async Task Who_is_added_gets_in_and_who_is_removed_does_not_without_a_restart()
    {
        FileLoginModule module = Module();
        _users.Write("<user><name>jane</name><password>new</password></user>");
        Assert.True((await Try(module, "joe", "welcome")).IsSuccess);
        _time.Advance(TimeSpan.FromSeconds(1));

        Assert.False((await Try(module, "joe", "welcome")).IsSuccess);
        Assert.True((await Try(module, "jane", "new")).IsSuccess);
        Assert.Equal([$"The users in {_users.Path} have changed and hold from now on"], _log.At(LogLevel.Information));
    }

    [Fact]
    public async Task A_password_that_was_right_a_moment_ago_is_not_once_the_file_has_another()
    {
        _users.Write($"<user><name>joe</name><password>{PasswordHash.Create("old", iterations: 100)}</password></user>");
        FileLoginModule module = Module();
        Assert.True((await Try(module, "joe", "old")).IsSuccess);
        _users.Write($"<user><name>joe</name><password>{PasswordHash.Create("new", iterations: 100)}</password></user>");
        _time.Advance(TimeSpan.FromSeconds(1));

        Assert.False((await Try(module, "joe", "old")).IsSuccess);
        Assert.True((await Try(module, "joe", "new")).IsSuccess);
    }

    [Fact]
    public async Task A_file_that_has_become_wrong_changes_nothing_and_one_warning_says_where_it_is_wrong()
    {
        FileLoginModule module = Module();
        _users.Write("<user><name>joe</name></user>");
        for (int second = 0; second < 3; second++)
        {
            _time.Advance(TimeSpan.FromSeconds(1));
            Assert.True((await Try(module, "joe", "welcome")).IsSuccess);
        }

        Assert.Equal(
            [$"The users in {_users.Path} have changed, and can not be read; the ones before stay: {_users.Path}:2:1: A <user> has no name or no password. Write <name> and <password> in it."],
            _log.At(LogLevel.Warning));
    }

    [Theory]
    [InlineData("<user><name>a</name><password>p</password><role-name>none</role-name></user>", "2:54: Unrecognized role \"none\". Write a <role> with this <name>.")]
    [InlineData("<user><name>a</name><password>$pbkdf2-sha256$i=0$c2FsdHNhbHQ$x</password></user>", "2:31: The password is a hash that is not written rightly. Make one with: ./tidegate passwd")]
    [InlineData("<user><name>a</name><password>$pbkdf2-sha512$i=9$c2FsdHNhbHQ$x</password></user>", "2:31: The password is a hash that is not written rightly. Make one with: ./tidegate passwd")]
    [InlineData("<user><name>a</name><password>p</password></user>\n<user><name>a</name><password>p</password></user>", "3:1: There are two users named \"a\". Rename or remove one.")]
    [InlineData("<role><name>a</name></role>\n<role><name>a</name></role>", "3:1: There are two roles named \"a\". Rename or remove one.")]
    [InlineData("<role/>", "2:1: A <role> has no name. Write <name> in it.")]
    [InlineData("<usr/>", "2:1: <jaas-config> has no <usr>. It may hold: user, role.")]
    [InlineData("<user><name>a</name><password>p</password><pasword/></user>", "2:43: <user> has no <pasword>. It may hold: name, password, role-name.")]
    public void What_is_wrong_in_a_file_is_said_with_its_place(string content, string error)
    {
        _users.Write(content);

        ConfigurationException exception = Assert.Throws<ConfigurationException>(Module);
        Assert.Equal($"{_users.Path}:{error}", Assert.Single(exception.Errors).ToString());
    }

    [Theory]
    [InlineData("http://xmlns.kaazing.org/jaas-config/atlantis", "Update your configuration namespace in the file \"PATH\" to use \"http://xmlns.kaazing.com/jaas-config/centurion\".")]
    [InlineData("http://example.com/", "<jaas-config> is not what a file of users begins with.")]
    public void A_file_of_another_namespace_says_which_one_is_wanted(string ns, string problem)
    {
        _users.WriteWhole($"<jaas-config xmlns=\"{ns}\"/>");

        ConfigurationException exception = Assert.Throws<ConfigurationException>(Module);
        Assert.Equal(problem.Replace("PATH", _users.Path, StringComparison.Ordinal), Assert.Single(exception.Errors).Problem);
    }

    [Fact]
    public async Task Roles_that_name_each_other_end_somewhere()
    {
        _users.Write("<user><name>a</name><password>p</password><role-name>x</role-name></user><role><name>x</name><role-name>y</role-name></role><role><name>y</name><role-name>x</role-name></role>");

        Assert.Equal(["x", "y"], (await Try(Module(), "a", "p")).Roles.Order());
    }

    private FileLoginModule Module() => new(_users.Path, _gate, _time, _log);

    private static ValueTask<LoginResult> Try(FileLoginModule module, string user, string password)
    {
        Assert.True(Credentials.TryRead(new Shown("Authorization", UsersFile.Basic(user, password)), new CredentialPlaces([], [], []), out Credentials? credentials, out _));
        return module.LoginAsync(new LoginAttempt(credentials, null) { User = user, Password = password }, CancellationToken.None);
    }
}
